#include "tether_process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>
#include <vector>

#include "host-bottle/fail.h"

namespace backend_docker {
namespace {

// Numbers in the program, from 3 on; it has the launcher as its stdin.
constexpr int kFirst = 3;
constexpr int kInherited = 3;

// Between fork and exec: system calls only.
[[noreturn]] void become(const std::vector<char*>& argv, int launcher,
                         const int (&given)[kInherited]) {
    const int null = open("/dev/null", O_RDWR);
    // Out of the way of the numbers that they get.
    int kept[kInherited];
    for (int i = 0; i < kInherited; ++i)
        kept[i] = fcntl(given[i], F_DUPFD, kFirst + kInherited);
    dup2(launcher, STDIN_FILENO);
    dup2(null, STDOUT_FILENO);
    dup2(null, STDERR_FILENO);
    int numbers[kInherited];
    for (int i = 0; i < kInherited; ++i) {
        numbers[i] = kFirst + i;
        dup2(kept[i], numbers[i]);
    }
    prepare_exec(numbers, kInherited);
    char* const environment[] = {nullptr};
    execve(argv[0], argv.data(), environment);
    _exit(127);
}

}  // namespace

TetherProcess::TetherProcess(const Bottle& bottle, const std::string& sockets_dir,
                             const UniqueFd& stream, const UniqueFd& sessions,
                             const UniqueFd& filter) {
    const std::vector<std::string> words = {bottle.libexec_dir + "/botbottle-tether", "--sockets",
                                            sockets_dir};
    const std::vector<char*> argv = argument_pointers(words);
    const int given[kInherited] = {stream.get(), sessions.get(), filter.get()};
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) fail_errno("socketpair");
    connection_.reset(ends[0]);
    const UniqueFd theirs(ends[1]);
    UniqueFd told;
    int pipe_ends[2];
    if (pipe2(pipe_ends, O_CLOEXEC) != 0) fail_errno("pipe");
    told.reset(pipe_ends[0]);
    UniqueFd tell(pipe_ends[1]);
    // Twice, so that it is nobody's child: it outlives this command.
    const pid_t first = fork();
    if (first < 0) fail_errno("fork");
    if (first == 0) {
        const pid_t second = fork();
        if (second == 0) become(argv, theirs.get(), given);
        [[maybe_unused]] const auto written = write(tell.get(), &second, sizeof second);
        _exit(0);
    }
    tell.reset();
    pid_t pid = -1;
    const bool known = read(told.get(), &pid, sizeof pid) == sizeof pid && pid > 0;
    while (waitpid(first, nullptr, 0) < 0 && errno == EINTR)
        continue;
    const auto start_time = known ? start_time_of(pid) : std::nullopt;
    if (start_time) {
        name_ = {pid, *start_time};
        process_ = open_process(name_);
    }
    if (!process_) fail("tether_failed", words.front() + " did not start");
}

bool TetherProcess::ready(std::chrono::milliseconds timeout) {
    pollfd polled = {connection_.get(), POLLIN, 0};
    if (poll(&polled, 1, static_cast<int>(timeout.count())) <= 0) return false;
    std::array<char, 4096> answer;
    const ssize_t size = recv(connection_.get(), answer.data(), answer.size(), 0);
    const std::string_view text(answer.data(), static_cast<std::size_t>(size > 0 ? size : 0));
    if (text.starts_with('R')) return true;
    if (text.starts_with('E')) {
        fail("bottle_died",
             "the bottle did not start: " + std::string(text.substr(1, text.find('\0') - 1)));
    }
    fail("bottle_died", "the bottle ended while it was started");
}

void TetherProcess::commit() {
    if (send(connection_.get(), "C", 1, MSG_NOSIGNAL) != 1)
        fail("bottle_died", "the bottle ended while it was started");
}

}  // namespace backend_docker
