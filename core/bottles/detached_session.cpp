#include "bottles/detached_session.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>

#include "bottles/interrupt.h"
#include "bottles/session_client.h"
#include "files/system_error.h"

namespace botbottle {
namespace {

constexpr auto kStartTime = std::chrono::seconds(15);
constexpr int kLookEveryMs = 20;
// What an agent finds until somebody attaches.
constexpr struct winsize kSize = {24, 80, 0, 0};

struct Terminal {
    UniqueFd master;
    UniqueFd slave;
};

Result<Terminal> open_terminal() {
    Terminal terminal;
    terminal.master.reset(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
    char name[64];
    if (!terminal.master || grantpt(terminal.master.get()) != 0 ||
        unlockpt(terminal.master.get()) != 0 ||
        ptsname_r(terminal.master.get(), name, sizeof name) != 0)
        return files::system_failure("cannot_attach", "make", "a pseudo-terminal");
    terminal.slave.reset(open(name, O_RDWR | O_NOCTTY | O_CLOEXEC));
    if (!terminal.slave || ioctl(terminal.slave.get(), TIOCSWINSZ, &kSize) != 0)
        return files::system_failure("cannot_attach", "open", name);
    return terminal;
}

bool has_ended(pid_t child) {
    siginfo_t info = {};
    return waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid == child;
}

// Reads away what is shown, so that the client is never held up.
void wait_and_drain(int master) {
    struct pollfd ready = {master, POLLIN, 0};
    char buffer[4096];
    if (poll(&ready, 1, kLookEveryMs) > 0) (void)!read(master, buffer, sizeof buffer);
}

Result<void> wait_until_started(pid_t child, int master, const std::function<bool()>& started) {
    const auto deadline = std::chrono::steady_clock::now() + kStartTime;
    while (!started()) {
        if (interrupted()) return interrupted_failure();
        if (has_ended(child) || std::chrono::steady_clock::now() > deadline)
            return failure("session_lost", "the session did not start");
        wait_and_drain(master);
    }
    return {};
}

}  // namespace

Result<void> start_detached_session(const QJsonObject& attach_reply,
                                    const std::function<bool()>& started) {
    auto terminal = open_terminal();
    if (!terminal) return tl::make_unexpected(terminal.error());
    auto client = session_client(attach_reply, terminal->slave.get(), terminal->slave.get());
    if (!client) return tl::make_unexpected(client.error());
    const pid_t child = start_session_client(*client, true);
    if (child < 0) return files::system_failure("cannot_attach", "start", client->argv[0]);
    client->owned.clear();
    terminal->slave.reset();
    auto done = wait_until_started(child, terminal->master.get(), started);
    // A client that loses its terminal leaves the session behind, detached.
    terminal->master.reset();
    kill(child, SIGHUP);
    while (waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
    }
    return done;
}

}  // namespace botbottle
