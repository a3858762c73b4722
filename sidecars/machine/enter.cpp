#include "machine/enter.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <memory>

#include "control/descriptor.h"
#include "machine/layout.h"
#include "machine/view.h"
#include "session/packet.h"

namespace botbottle::machine {
namespace {

using control::Descriptor;

// Numbers in the relay.
constexpr int kLease = 3;
constexpr int kListen = 4;
constexpr rlim_t kOpenFiles = 65536;

tl::unexpected<Error> refused(const std::string& what) {
    return failure("enter", what + ": " + std::strerror(errno));
}

// Only root of the machine gets there: the bottle's view has another /run.
Result<Descriptor> listen_for_sessions() {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, kSessions, sizeof address.sun_path - 1);
    Descriptor socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket) return refused("socket");
    unlink(kSessions);
    if (bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        chmod(kSessions, 0600) != 0 || listen(socket.get(), SOMAXCONN) != 0)
        return refused(kSessions);
    return socket;
}

// The relay has the agent's user; whoever made the sockets here may have meant them for root.
Result<void> open_sockets() {
    const std::unique_ptr<DIR, int (*)(DIR*)> stream(opendir(kSockets), closedir);
    if (!stream) return refused(kSockets);
    while (const dirent* const entry = readdir(stream.get())) {
        const std::string path = std::string(kSockets) + "/" + entry->d_name;
        struct stat status = {};
        if (lstat(path.c_str(), &status) == 0 && S_ISSOCK(status.st_mode))
            chmod(path.c_str(), 0666);
    }
    chmod(kRoot, 0755);
    chmod(kSockets, 0755);
    return {};
}

using Filter = std::vector<sock_filter>;

Result<Filter> load_filter() {
    const Descriptor file(open(kFilter, O_RDONLY | O_CLOEXEC));
    Filter instructions(BPF_MAXINSNS);
    const ssize_t size =
        file ? read(file.get(), instructions.data(), instructions.size() * sizeof(sock_filter))
             : -1;
    if (size <= 0 || size % static_cast<ssize_t>(sizeof(sock_filter)) != 0)
        return failure("filter", "the system call filter is no program");
    instructions.resize(static_cast<std::size_t>(size) / sizeof(sock_filter));
    return instructions;
}

Result<void> apply_filter(Filter& instructions) {
    const sock_fprog filter = {static_cast<unsigned short>(instructions.size()),
                               instructions.data()};
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0)
        return refused("this machine's kernel takes no system call filter");
    return {};
}

void set_limits() {
    const rlimit core = {1, 1};  // see plugins/backend-docker: 0 would start a crash handler
    setrlimit(RLIMIT_CORE, &core);
    rlimit files = {};
    getrlimit(RLIMIT_NOFILE, &files);
    if (files.rlim_max < kOpenFiles) {
        const rlimit more = {kOpenFiles, kOpenFiles};
        setrlimit(RLIMIT_NOFILE, &more);  // 1024 is what a machine gives; not fatal
    }
}

std::vector<std::string> relay_arguments(const Entry& entry) {
    std::vector<std::string> words = {"botbottle-relay", "--lease", std::to_string(kLease),
                                      "--listen", std::to_string(kListen)};
    for (const std::string& forward : entry.forwards) {
        const std::size_t equals = forward.find('=');
        words.insert(words.end(),
                     {"--forward", forward.substr(0, equals) + "=/run/botbottle/sockets/" +
                                       forward.substr(equals + 1)});
    }
    words.insert(words.end(), {"--uid", entry.uid, "--gid", entry.gid, "--pids", entry.pids});
    return words;
}

// In the child: never returns but with an error.
Error become_relay(const Entry& entry, const Descriptor& lease, const Descriptor& listener) {
    // The view covers where it lies.
    auto filter = load_filter();
    if (!filter) return filter.error();
    if (auto left = leave_namespaces(); !left) return left.error();
    if (auto viewed = make_view(entry.hostname); !viewed) return viewed.error();
    if (auto raised = raise_loopback(); !raised) return raised.error();
    set_limits();
    const std::vector<std::string> words = relay_arguments(entry);
    std::vector<char*> arguments;
    arguments.reserve(words.size() + 1);
    for (const std::string& word : words)
        arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    char* const environment[] = {nullptr};
    if (chdir("/") != 0) return refused("/").value();
    // Neither number may be lost while the other is put in its place.
    const int high_lease = fcntl(lease.get(), F_DUPFD_CLOEXEC, 64);
    const int high_listener = fcntl(listener.get(), F_DUPFD_CLOEXEC, 64);
    if (dup2(high_lease, kLease) < 0 || dup2(high_listener, kListen) < 0)
        return refused("descriptors").value();
    const Descriptor null(open("/dev/null", O_RDWR | O_CLOEXEC));
    for (int number = 0; number <= 2; ++number)
        dup2(null.get(), number);
    // The last thing: nothing above may need what it takes away.
    if (auto applied = apply_filter(*filter); !applied) return applied.error();
    execve("/run/botbottle/relay", arguments.data(), environment);
    return refused("the relay").value();
}

int wait_for(pid_t pid) {
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    return status;
}

}  // namespace

Result<void> enter(const Entry& entry) {
    std::signal(SIGPIPE, SIG_IGN);
    unlink(kFailure);
    if (auto opened = open_sockets(); !opened) return opened;
    auto listener = listen_for_sessions();
    if (!listener) return tl::make_unexpected(listener.error());
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return refused("lease");
    const Descriptor ours(ends[0]);
    Descriptor theirs(ends[1]);
    // Of the child alone: this process goes on seeing the machine.
    if (unshare(CLONE_NEWPID) != 0) return refused("a process namespace");
    const pid_t pid = fork();
    if (pid < 0) return refused("fork");
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        const Error error = become_relay(entry, theirs, *listener);
        session::send(theirs.get(), 'E', {error.message});
        _exit(1);
    }
    theirs.reset();
    listener->reset();
    session::Packet packet;
    const bool answered = session::receive(ours.get(), packet) == session::Received::packet;
    if (!answered || packet.kind != 'R' || !session::send_bytes(ours.get(), 'C', "")) {
        kill(pid, SIGKILL);
        wait_for(pid);
        const auto fields = packet.fields();
        return failure("enter", fields.empty() ? "the relay ended before it answered"
                                               : std::string(fields[0]));
    }
    wait_for(pid);
    unlink(kSessions);
    return {};
}

}  // namespace botbottle::machine
