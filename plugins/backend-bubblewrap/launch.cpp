// launch: bwrap as a process of its own, and the handshake after which the bottle lives without us.
// Until the relay has read the commitment, the end of this process is the end of the bottle: the
// kernel closes our end of the lease.
#include "launch.h"

#include <fcntl.h>
#include <linux/keyctl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <memory>
#include <nlohmann/json.hpp>

#include "arguments.h"
#include "diagnosis.h"
#include "host-bottle/fail.h"
#include "host-bottle/filter.h"
#include "host-bottle/forward.h"
#include "host-bottle/process.h"
#include "host-bottle/session_socket.h"
#include "record.h"

namespace backend_bubblewrap {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kLaunchTimeout = std::chrono::seconds(10);
constexpr int kCancelPollMs = 100;
constexpr rlim_t kOpenFiles = 65536;
constexpr std::size_t kMaxLogTail = 4096;

struct Ends {
    UniqueFd ours;
    UniqueFd theirs;
};

Ends make_lease() {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) fail_errno("socketpair");
    return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

Ends make_pipe() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) fail_errno("pipe");
    return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

// The file that bwrap and the relay write their complaints to, and where theirs begin.
class Log {
  public:
    explicit Log(const std::string& path)
        : file_(open(path.c_str(), O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600)) {
        if (!file_) fail_errno(path);
        begin_ = lseek(file_.get(), 0, SEEK_END);
    }
    int fd() const { return file_.get(); }
    std::string tail() const {
        std::string text(kMaxLogTail, '\0');
        const ssize_t size = pread(file_.get(), text.data(), text.size(), begin_);
        text.resize(static_cast<std::size_t>(std::max<ssize_t>(0, size)));
        return text;
    }

  private:
    UniqueFd file_;
    off_t begin_ = 0;
};

void limit_resources() {
    // No core file, and no run of the host's crash handler as root on what the agent made: with a
    // program in core_pattern every limit but this one means nothing. The filter keeps it.
    const rlimit least = {1, 1};
    setrlimit(RLIMIT_CORE, &least);
    rlimit files = {};
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_max = std::min(files.rlim_max, kOpenFiles);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
}

// bwrap in a process group of its own, so that one kill reaches what it has started so far. The
// group's leader has ended, and stays a zombie while this lives: as long as it has its number, no
// other group can get it.
class Started {
  public:
    Started(pid_t leader, pid_t bwrap) : leader_(leader), bwrap_(bwrap) {}
    Started(const Started&) = delete;
    Started& operator=(const Started&) = delete;
    ~Started() {
        if (!kept_) kill(-leader_, SIGKILL);
        while (waitpid(leader_, nullptr, 0) < 0 && errno == EINTR)
            continue;
    }
    pid_t bwrap() const { return bwrap_; }
    void keep() { kept_ = true; }

  private:
    pid_t leader_;
    pid_t bwrap_;
    bool kept_ = false;
};

// Twice forked: the first child leads a new session and ends at once, so that bwrap is nobody's
// child here and leaves no zombie in a host that runs for days. System calls only, the host may
// have threads.
std::unique_ptr<Started> start_detached(const std::vector<std::string>& arguments, int log,
                                        const std::array<int, 4>& kept) {
    const std::vector<char*> argv = argument_pointers(arguments);
    const UniqueFd null(open("/dev/null", O_RDONLY | O_CLOEXEC));
    Ends report = make_pipe();
    const pid_t leader = fork();
    if (leader < 0) fail_errno("fork");
    if (leader == 0) {
        setsid();
        // The operator's keys stay with the operator: keyrings are inherited, not namespaced.
        syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr);
        const pid_t bwrap = fork();
        if (bwrap != 0) {
            const bool told = write(report.theirs.get(), &bwrap, sizeof bwrap) == sizeof bwrap;
            _exit(bwrap > 0 && told ? 0 : 1);
        }
        dup2(null.get(), STDIN_FILENO);
        dup2(log, STDOUT_FILENO);
        dup2(log, STDERR_FILENO);
        umask(022);
        if (chdir("/") != 0) _exit(127);
        limit_resources();
        prepare_exec(kept.data(), kept.size());
        char* const environment[] = {nullptr};
        execve(argv[0], argv.data(), environment);
        _exit(127);
    }
    siginfo_t ended = {};
    while (waitid(P_PID, static_cast<id_t>(leader), &ended, WEXITED | WNOWAIT) < 0 &&
           errno == EINTR)
        continue;
    pid_t bwrap = -1;
    const bool told = read(report.ours.get(), &bwrap, sizeof bwrap) == sizeof bwrap && bwrap > 0;
    if (told) return std::make_unique<Started>(leader, bwrap);
    waitpid(leader, nullptr, 0);
    fail("cannot_fork", "no process could be started for bwrap");
}

// The relay's "R". Throws when bwrap ended, the time is over, or the operator cancelled.
void wait_ready(const UniqueFd& lease, const Log& log, const botbottle::plugin::Host& host) {
    const auto deadline = Clock::now() + kLaunchTimeout;
    pollfd polled = {lease.get(), POLLIN, 0};
    while (poll(&polled, 1, kCancelPollMs) <= 0) {
        host.throw_if_cancelled();
        if (Clock::now() < deadline) continue;
        fail("launch_timeout", "the bottle did not answer in 10 s: " + log.tail());
    }
    char answer = 0;
    if (read(lease.get(), &answer, 1) != 1 || answer != 'R') throw diagnose(log.tail());
}

pid_t child_pid_of(const UniqueFd& info) {
    std::array<char, 4096> buffer;
    const ssize_t size = pread(info.get(), buffer.data(), buffer.size(), 0);
    const auto length = static_cast<std::size_t>(std::max<ssize_t>(0, size));
    const Json document = Json::parse(buffer.data(), buffer.data() + length, nullptr, false);
    if (!document.is_object() || !document.contains("child-pid")) {
        fail("bwrap_protocol", "bwrap did not name the bottle's process");
    }
    return document.at("child-pid").get<pid_t>();
}

ProcessName name_of(pid_t pid) {
    const auto start_time = start_time_of(pid);
    if (!start_time) fail("bottle_died", "the bottle ended while it was started");
    return {pid, *start_time};
}

bool is_setuid(const std::string& program) {
    struct stat status = {};
    return stat(program.c_str(), &status) == 0 && (status.st_mode & S_ISUID) != 0;
}

LaunchPlan plan_of(const Json& request) {
    LaunchPlan plan;
    plan.bottle = bottle_of(request);
    plan.handle = handle_of(request);
    plan.sockets_dir = absolute_path(request, "sockets_dir");
    plan.forwards = forwards_of(request);
    plan.hostname = request.value("hostname", std::string("bottle"));
    plan.disable_userns = !is_setuid(plan.handle.bwrap);
    return plan;
}

void refuse_second_launch(const Bottle& bottle) {
    const auto record = read_record(bottle.record());
    if (record && open_process(record->relay)) {
        fail("already_running", "the bottle " + bottle.identity + " runs already");
    }
}

}  // namespace

Json launch(const Json& request, const botbottle::plugin::Host& host) {
    LaunchPlan plan = plan_of(request);
    const Bottle& bottle = plan.bottle;
    refuse_second_launch(bottle);
    const Log log(log_of(bottle));
    const UniqueFd filter = build_filter();
    const UniqueFd sessions = listen_for_sessions(bottle);
    Ends lease = make_lease();
    // A file, because a pipe whose reader was killed would end bwrap in the middle, and leave the
    // child that waits for it.
    const UniqueFd info(memfd_create("bwrap-info", MFD_CLOEXEC));
    if (!info) fail_errno("memfd_create");
    plan.filter_fd = filter.get();
    plan.info_fd = info.get();
    plan.lease_fd = lease.theirs.get();
    plan.listen_fd = sessions.get();

    const std::unique_ptr<Started> started =
        start_detached(bwrap_arguments(plan), log.fd(),
                       {plan.filter_fd, plan.info_fd, plan.lease_fd, plan.listen_fd});
    lease.theirs.reset();
    wait_ready(lease.ours, log, host);

    const Record record{{name_of(child_pid_of(info)), name_of(started->bwrap())},
                        bottle.identity,
                        bottle.libexec_dir};
    write_record(bottle.record(), record);
    if (send(lease.ours.get(), "C", 1, MSG_NOSIGNAL) != 1) throw diagnose(log.tail());
    started->keep();
    Json handle = request.at("handle");
    add_to_handle(handle, record);
    return {{"handle", std::move(handle)},
            {"pid", record.relay.pid},
            {"start_time", record.relay.start_time}};
}

}  // namespace backend_bubblewrap
