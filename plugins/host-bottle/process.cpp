#include "process.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>

#include "fail.h"

namespace host_bottle {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kCancelPollMs = 100;

int remaining_ms(Clock::time_point deadline) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    return static_cast<int>(std::max<long>(0, left.count()));
}

struct Pipe {
    UniqueFd output;
    UniqueFd input;
};

Pipe make_pipe() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) fail_errno("pipe");
    return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

// Reads once; closes the pipe at its end. What goes beyond the limit is dropped, but read, so that
// the program does not block.
void collect(UniqueFd& from, std::string& into, const Program& program, ProgramResult& result) {
    std::array<char, 64 * 1024> buffer;
    const ssize_t size = read(from.get(), buffer.data(), buffer.size());
    if (size <= 0) {
        if (size == 0 || errno != EINTR) from.reset();
        return;
    }
    const std::size_t room = program.output_limit - into.size();
    const auto taken = std::min(room, static_cast<std::size_t>(size));
    into.append(buffer.data(), taken);
    if (taken < static_cast<std::size_t>(size)) result.truncated = true;
}

void feed(UniqueFd& to, std::string_view& input) {
    // SIGPIPE is the host's to handle; MSG_NOSIGNAL needs a socket, which stdin is here for this
    // reason.
    const ssize_t written = send(to.get(), input.data(), input.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (written > 0) input.remove_prefix(static_cast<std::size_t>(written));
    const bool broken = written < 0 && errno != EAGAIN && errno != EINTR;
    if (input.empty() || broken) to.reset();
}

[[noreturn]] void become(const std::vector<char*>& argv, const std::vector<char*>& environment,
                         int in, int out, int err, const std::vector<int>& kept) {
    dup2(in, STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    dup2(err, STDERR_FILENO);
    prepare_exec(kept.data(), kept.size());
    execve(argv[0], argv.data(), environment.data());
    _exit(127);
}

}  // namespace

std::optional<std::uint64_t> start_time_of(pid_t pid) {
    const std::string path = "/proc/" + std::to_string(pid) + "/stat";
    const UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) return std::nullopt;
    std::array<char, 4096> buffer;
    const ssize_t size = read(file.get(), buffer.data(), buffer.size());
    if (size <= 0) return std::nullopt;
    std::string_view text(buffer.data(), static_cast<std::size_t>(size));
    // The second field is the program's name in parentheses and may hold anything, also ") ".
    const std::size_t name_end = text.rfind(')');
    if (name_end == std::string_view::npos) return std::nullopt;
    text.remove_prefix(name_end + 1);
    constexpr int kFieldsBefore = 20;  // from the third to the 22nd
    for (int i = 0; i < kFieldsBefore; ++i) {
        const std::size_t space = text.find(' ');
        if (space == std::string_view::npos) return std::nullopt;
        text.remove_prefix(space + 1);
    }
    std::uint64_t value = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
    return parsed.ec == std::errc() ? std::optional(value) : std::nullopt;
}

UniqueFd open_process(const ProcessName& name) {
    UniqueFd process(static_cast<int>(syscall(SYS_pidfd_open, name.pid, 0)));
    if (!process) return {};
    // In this order: whatever has the pid now, the pidfd is of it or of something that has ended.
    if (start_time_of(name.pid) != name.start_time) return {};
    if (wait_ended(process, std::chrono::milliseconds(0))) return {};
    return process;
}

bool wait_ended(const UniqueFd& process, std::chrono::milliseconds timeout) {
    const auto deadline = Clock::now() + timeout;
    pollfd polled = {process.get(), POLLIN, 0};
    int found = -1;
    do {
        found = poll(&polled, 1, remaining_ms(deadline));
    } while (found < 0 && errno == EINTR);
    return found > 0;
}

void kill_process(const UniqueFd& process) {
    syscall(SYS_pidfd_send_signal, process.get(), SIGKILL, nullptr, 0);
}

ProgramResult run_program(const Program& program) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) fail_errno("socketpair");
    UniqueFd input(ends[0]);
    UniqueFd theirs(ends[1]);
    Pipe output = make_pipe();
    Pipe errors = make_pipe();
    const std::vector<char*> argv = argument_pointers(program.argv);
    const std::vector<char*> environment = argument_pointers(program.environment);

    const pid_t pid = fork();
    if (pid < 0) fail_errno("fork");
    if (pid == 0) {
        become(argv, environment, theirs.get(), output.input.get(), errors.input.get(),
               program.descriptors);
    }
    theirs.reset();
    output.input.reset();
    errors.input.reset();
    const UniqueFd process(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));

    ProgramResult result;
    std::string_view to_write = program.input;
    if (to_write.empty()) input.reset();
    const auto deadline = Clock::now() + program.timeout;
    while (output.output || errors.output) {
        pollfd polled[] = {{output.output.get(), POLLIN, 0},
                           {errors.output.get(), POLLIN, 0},
                           {input.get(), POLLOUT, 0}};
        const int left = remaining_ms(deadline);
        const int found = poll(polled, 3, program.cancelled ? std::min(left, kCancelPollMs) : left);
        if (found == 0) {
            result.cancelled = program.cancelled && program.cancelled();
            result.timed_out = !result.cancelled && remaining_ms(deadline) == 0;
            if (!result.cancelled && !result.timed_out) continue;
            kill_process(process);
            break;
        }
        if (found < 0) continue;
        if (polled[0].revents != 0) collect(output.output, result.output, program, result);
        if (polled[1].revents != 0) collect(errors.output, result.errors, program, result);
        if (polled[2].revents != 0) feed(input, to_write);
    }
    // Both outputs are closed; a program that lives on without them is out of our sight.
    if (!result.timed_out && !result.cancelled &&
        !wait_ended(process, std::chrono::milliseconds(remaining_ms(deadline)))) {
        result.timed_out = true;
        kill_process(process);
    }
    int status = 0;
    pid_t waited = -1;
    do {
        waited = waitpid(pid, &status, 0);
    } while (waited < 0 && errno == EINTR);
    if (waited == pid && WIFEXITED(status)) result.exit_code = WEXITSTATUS(status);
    if (waited == pid && WIFSIGNALED(status)) result.signal = WTERMSIG(status);
    return result;
}

void prepare_exec(const int* kept, std::size_t count) {
    struct sigaction standard = {};
    standard.sa_handler = SIG_DFL;
    for (int number = 1; number < NSIG; ++number)
        sigaction(number, &standard, nullptr);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    // Whatever the host has open is not for the program.
    if (syscall(SYS_close_range, 3u, ~0u, CLOSE_RANGE_CLOEXEC) != 0) {
        constexpr std::string_view kTooOld = "close_range failed: Linux 5.11 or newer is needed\n";
        [[maybe_unused]] const auto told = write(STDERR_FILENO, kTooOld.data(), kTooOld.size());
        _exit(127);
    }
    for (std::size_t i = 0; i < count; ++i)
        fcntl(kept[i], F_SETFD, 0);
}

std::vector<char*> argument_pointers(const std::vector<std::string>& arguments) {
    std::vector<char*> pointers;
    pointers.reserve(arguments.size() + 1);
    for (const std::string& argument : arguments) {
        pointers.push_back(const_cast<char*>(argument.c_str()));
    }
    pointers.push_back(nullptr);
    return pointers;
}

}  // namespace host_bottle
