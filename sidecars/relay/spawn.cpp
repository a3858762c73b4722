// fork, then a child that resets everything that exec would pass on: signals, limits, descriptors.
#include "relay/spawn.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <string>
#include <vector>

namespace botbottle::relay {
namespace {

using control::Descriptor;
using session::Request;

std::vector<char*> c_strings(const std::vector<std::string_view>& views) {
    std::vector<char*> pointers;
    pointers.reserve(views.size() + 1);
    // Each view is followed by a NUL in its document (session/request.h).
    for (const auto view : views)
        pointers.push_back(const_cast<char*>(view.data()));
    pointers.push_back(nullptr);
    return pointers;
}

Result<Descriptor> open_terminal(session::WindowSize size) {
    // Not blocking, because the client's end is the same open file and the relay drains it later.
    Descriptor master(open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK));
    const int unlocked = 0;
    if (!master || ioctl(master.get(), TIOCSPTLCK, &unlocked) != 0) {
        return failure("no_terminal", std::string("/dev/ptmx: ") + std::strerror(errno));
    }
    winsize window = {};
    window.ws_col = size.columns;
    window.ws_row = size.rows;
    ioctl(master.get(), TIOCSWINSZ, &window);
    termios modes = {};
    if (tcgetattr(master.get(), &modes) == 0) {
        modes.c_iflag |= IUTF8;  // so that a line editor erases whole characters
        tcsetattr(master.get(), TCSANOW, &modes);
    }
    return master;
}

[[noreturn]] void give_up(int report, SpawnFailure::Step step) {
    const SpawnFailure failure = {step, errno};
    [[maybe_unused]] const auto written = write(report, &failure, sizeof failure);
    _exit(127);
}

// The slave comes from the master itself, so that no path in the bottle has a say in it.
void take_terminal(int master, int report) {
    const int slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY);
    if (slave < 0 || ioctl(slave, TIOCSCTTY, 0) != 0) {
        give_up(report, SpawnFailure::Step::terminal);
    }
    for (int fd = 0; fd <= 2; ++fd)
        dup2(slave, fd);
}

void reset_signals() {
    struct sigaction standard = {};
    standard.sa_handler = SIG_DFL;
    for (int number = 1; number < NSIG; ++number)
        sigaction(number, &standard, nullptr);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
}

}  // namespace

Result<Spawned> spawn(const Request& request, std::span<const Descriptor> stdio,
                      const rlimit& open_files) {
    Spawned spawned;
    if (request.tty) {
        auto master = open_terminal(*request.tty);
        if (!master) return tl::make_unexpected(master.error());
        spawned.master = std::move(*master);
    }
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return failure("no_descriptors", std::strerror(errno));
    spawned.failure.reset(ends[0]);
    const Descriptor report(ends[1]);
    std::vector<char*> arguments = c_strings(request.arguments);
    std::vector<char*> environment = c_strings(request.environment);

    spawned.pid = fork();
    if (spawned.pid < 0) {
        const bool full = errno == EAGAIN;
        return failure("cannot_fork", std::string("fork: ") + std::strerror(errno),
                       full ? "the bottle may have reached its limit of processes" : "");
    }
    if (spawned.pid > 0) return spawned;

    setsid();
    if (request.tty) {
        take_terminal(spawned.master.get(), report.get());
    } else {
        for (int fd = 0; fd <= 2; ++fd)
            dup2(stdio[static_cast<std::size_t>(fd)].get(), fd);
    }
    setrlimit(RLIMIT_NOFILE, &open_files);
    umask(022);
    reset_signals();
    if (chdir(request.directory.data()) != 0) {
        give_up(report.get(), SpawnFailure::Step::directory);
    }
    environ = environment.data();  // execvp searches the PATH of the session, not ours
    execvp(arguments[0], arguments.data());
    give_up(report.get(), SpawnFailure::Step::program);
}

Error explain(const SpawnFailure& failure, const std::string& program,
              const std::string& directory) {
    const std::string reason = std::strerror(failure.error);
    switch (failure.step) {
        case SpawnFailure::Step::terminal:
            return {"no_terminal", "no terminal for the session: " + reason, ""};
        case SpawnFailure::Step::directory:
            return {"no_directory", directory + ": " + reason, ""};
        case SpawnFailure::Step::program:
            break;
    }
    if (failure.error == ENOENT) return {"command_not_found", program + ": not found", ""};
    return {"cannot_execute", program + ": " + reason, ""};
}

}  // namespace botbottle::relay
