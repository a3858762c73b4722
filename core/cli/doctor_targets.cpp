#include "cli/doctor_targets.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <cstddef>

#include "bottles/child_process.h"
#include "bottles/identity.h"
#include "files/atomic_file.h"
#include "files/system_error.h"

namespace botbottle::cli {
namespace {

tl::unexpected<Error> cannot(const char* what) {
    return files::system_failure("cannot_prepare", "set up for the attempts:", what);
}

struct Address {
    sockaddr_storage storage = {};
    socklen_t size = 0;
    sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

Address loopback(int family) {
    Address address;
    address.storage.ss_family = static_cast<sa_family_t>(family);
    if (family == AF_INET6) {
        reinterpret_cast<sockaddr_in6&>(address.storage).sin6_addr = in6addr_loopback;
        address.size = sizeof(sockaddr_in6);
    } else {
        reinterpret_cast<sockaddr_in&>(address.storage).sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        address.size = sizeof(sockaddr_in);
    }
    return address;
}

int port_of(int fd) {
    Address address;
    address.size = sizeof address.storage;
    if (getsockname(fd, address.get(), &address.size) != 0) return 0;
    // The port is at the same place in both families.
    return ntohs(reinterpret_cast<sockaddr_in&>(address.storage).sin_port);
}

bool can_connect(int family, Address address) {
    const UniqueFd client(socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    return client && connect(client.get(), address.get(), address.size) == 0;
}

// Until its parent ends or kills it.
[[noreturn]] void echo(int fd) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    reset_signals();
    char buffer[512];
    for (;;) {
        Address from;
        from.size = sizeof from.storage;
        const ssize_t count = recvfrom(fd, buffer, sizeof buffer, 0, from.get(), &from.size);
        if (count >= 0)
            (void)sendto(fd, buffer, static_cast<std::size_t>(count), 0, from.get(), from.size);
    }
}

}  // namespace

Result<DoctorTargets> DoctorTargets::open(const Home& home) {
    DoctorTargets targets;
    const QString word = new_identity(QStringLiteral("botbottle-doctor"));
    // A host without IPv6 has no such loopback to protect.
    (void)targets.listen_on_loopback(AF_INET6, "host-tcp6", "[::1]");
    for (const auto& made : {targets.listen_on_loopback(AF_INET, "host-tcp", "127.0.0.1"),
                             targets.echo_datagrams(), targets.listen_abstract(word),
                             targets.write_canary(home.path() + QLatin1Char('/') + word),
                             targets.start_process(word)}) {
        if (!made) return tl::make_unexpected(made.error());
    }
    return targets;
}

DoctorTargets::~DoctorTargets() {
    keeps_process_.reset();
    for (const pid_t child : children_) {
        kill(child, SIGKILL);
        waitpid(child, nullptr, 0);
    }
    if (!canary_.isEmpty()) unlink(canary_.toLocal8Bit().constData());
}

void DoctorTargets::add(const QString& kind, const QString& value) {
    arguments_ << QStringLiteral("--target") << kind + QLatin1Char('=') + value;
}

Result<void> DoctorTargets::listen_on_loopback(int family, const char* kind, const char* shown) {
    Address address = loopback(family);
    UniqueFd listener(socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!listener || bind(listener.get(), address.get(), address.size) != 0 ||
        listen(listener.get(), 16) != 0)
        return cannot("a TCP listener");
    const int port = port_of(listener.get());
    reinterpret_cast<sockaddr_in&>(address.storage).sin_port =
        htons(static_cast<std::uint16_t>(port));
    if (!can_connect(family, address))
        return cannot("a TCP listener that the host itself can reach");
    add(QLatin1String(kind), QStringLiteral("%1:%2").arg(QLatin1String(shown)).arg(port));
    sockets_.push_back(std::move(listener));
    return {};
}

Result<void> DoctorTargets::echo_datagrams() {
    Address address = loopback(AF_INET);
    UniqueFd server(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!server || bind(server.get(), address.get(), address.size) != 0)
        return cannot("a UDP socket");
    const pid_t child = fork();
    if (child < 0) return cannot("a UDP echo");
    if (child == 0) echo(server.get());
    children_.push_back(child);
    add(QStringLiteral("host-udp"), QStringLiteral("127.0.0.1:%1").arg(port_of(server.get())));
    return {};
}

Result<void> DoctorTargets::listen_abstract(const QString& name) {
    const QByteArray bytes = name.toUtf8();
    Address address;
    auto& unix_address = reinterpret_cast<sockaddr_un&>(address.storage);
    unix_address.sun_family = AF_UNIX;
    bytes.toStdString().copy(unix_address.sun_path + 1, sizeof unix_address.sun_path - 1);
    address.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 +
                                          static_cast<std::size_t>(bytes.size()));
    UniqueFd listener(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!listener || bind(listener.get(), address.get(), address.size) != 0 ||
        listen(listener.get(), 16) != 0 || !can_connect(AF_UNIX, address))
        return cannot("an abstract socket");
    add(QStringLiteral("abstract"), name);
    sockets_.push_back(std::move(listener));
    return {};
}

Result<void> DoctorTargets::write_canary(const QString& path) {
    auto written = files::write_atomically(path.toStdString(), "canary\n",
                                           {0644, files::Durability::kSurvivesProcess});
    if (!written) return written;
    canary_ = path;
    add(QStringLiteral("host-file"), path);
    return {};
}

// A shell that waits for its input to end, with the word on its command line.
Result<void> DoctorTargets::start_process(const QString& word) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return cannot("a process");
    UniqueFd input(ends[0]);
    keeps_process_.reset(ends[1]);
    const std::string name = word.toStdString();
    const pid_t child = fork();
    if (child < 0) return cannot("a process");
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        const ChildDescriptor descriptors[] = {{input.get(), 0}, {2, 1}, {2, 2}};
        if (!place_descriptors(descriptors, 3)) _exit(127);
        reset_signals();
        char* const none[] = {nullptr};
        const char* const argv[] = {"sh", "-c", "read -r line", name.c_str(), nullptr};
        execve("/bin/sh", const_cast<char* const*>(argv), none);
        _exit(127);
    }
    children_.push_back(child);
    add(QStringLiteral("host-process"), word);
    return {};
}

}  // namespace botbottle::cli
