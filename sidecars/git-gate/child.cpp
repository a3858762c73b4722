#include "git-gate/child.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <chrono>
#include <cstring>

namespace botbottle::git_gate {
namespace {

using control::Descriptor;

// After SIGTERM; then everything of it is killed.
constexpr std::chrono::seconds kTimeToEnd{5};

std::vector<char*> pointers(const std::vector<std::string>& words) {
    std::vector<char*> list;
    list.reserve(words.size() + 1);
    for (const std::string& word : words)
        list.push_back(const_cast<char*>(word.c_str()));
    list.push_back(nullptr);
    return list;
}

// Between fork and exec, in a process with one thread: system calls only.
[[noreturn]] void become(const ChildPlan& plan, const std::vector<int>& sources, int null,
                         pid_t parent, char* const* argv, char* const* environment) {
    // A group of its own, which can be killed as a whole.
    setpgid(0, 0);
    // The parent may have died before the signal was asked for.
    if (prctl(PR_SET_PDEATHSIG, SIGTERM) != 0 || getppid() != parent) _exit(127);
    // A handler of ours would run here too, and tell the parent, whose pipe it writes to.
    for (const int number : {SIGTERM, SIGPIPE})
        signal(number, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    for (std::size_t i = 0; i < sources.size(); ++i)
        if (dup2(sources[i] >= 0 ? sources[i] : null, static_cast<int>(i)) < 0) _exit(127);
    close_range(static_cast<unsigned>(sources.size()), ~0U, 0);
    if (chdir(plan.directory.empty() ? "/" : plan.directory.c_str()) != 0) _exit(127);
    execvpe(argv[0], argv, environment);
    _exit(127);
}

}  // namespace

struct Child::State {
    State(asio::io_context& io, pid_t child, int descriptor)
        : pid(child), pidfd(io, descriptor), patience(io) {}
    pid_t pid;
    asio::posix::basic_stream_descriptor<Executor> pidfd;
    Timer patience;
    bool reaped = false;

    // Until it is reaped its number is nobody else's.
    int reap() {
        int status = 0;
        patience.cancel();
        kill(-pid, SIGKILL);  // what it has left behind
        waitpid(pid, &status, WNOHANG);
        reaped = true;
        return status;
    }
};

Result<Pipe> make_pipe() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return failure("child", std::string("cannot make a pipe: ") + std::strerror(errno));
    return Pipe{Descriptor(ends[0]), Descriptor(ends[1])};
}

Result<std::unique_ptr<Child>> Child::start(asio::io_context& io, const ChildPlan& plan) {
    const auto cannot = [&] {
        return failure("child", "cannot start " + plan.argv[0] + ": " + std::strerror(errno));
    };
    const Descriptor null(open("/dev/null", O_RDWR | O_CLOEXEC));
    // Copied above the numbers that the child is to see, so that no dup2 overwrites a later source.
    const int above = static_cast<int>(plan.descriptors.size());
    std::vector<Descriptor> owned;
    std::vector<int> sources;
    for (const int descriptor : plan.descriptors) {
        owned.emplace_back(
            fcntl(descriptor >= 0 ? descriptor : null.get(), F_DUPFD_CLOEXEC, above));
        if (!owned.back()) return cannot();
        sources.push_back(owned.back().get());
    }
    const auto argv = pointers(plan.argv);
    const auto environment = pointers(plan.environment);
    // execvpe searches in this process's own PATH, which main() sets.
    const pid_t parent = getpid();
    // Until the child has its own: it may be told to end at once.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    const pid_t pid = fork();
    if (pid == 0) become(plan, sources, null.get(), parent, argv.data(), environment.data());
    const int error = errno;
    sigprocmask(SIG_SETMASK, &before, nullptr);
    errno = error;
    if (pid < 0) return cannot();
    const int pidfd = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
    if (pidfd < 0) {
        const auto failed = cannot();
        kill(pid, SIGKILL);
        waitpid(pid, nullptr, 0);
        return failed;
    }
    return std::unique_ptr<Child>(new Child(io, pid, pidfd));
}

Child::Child(asio::io_context& io, pid_t pid, int pidfd)
    : state_(std::make_unique<State>(io, pid, pidfd)) {}

Child::~Child() {
    if (state_->reaped) return;
    // git takes its own children and its temporary files with it on SIGTERM.
    terminate();
    auto* const left = state_.release();
    left->pidfd.async_wait(asio::posix::descriptor_base::wait_read,
                           [left](const boost::system::error_code&) {
                               left->reap();
                               delete left;
                           });
}

Task<int> Child::wait() {
    (void)co_await state_->pidfd.async_wait(asio::posix::descriptor_base::wait_read, kAwait);
    const int status = state_->reap();
    co_return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

// A git that is told to end while it allocates memory may wait for itself for ever; and one that is
// told before it knows its own children leaves them, and they keep the pipes.
void Child::terminate() noexcept {
    // The group, when it has become one.
    if (kill(-state_->pid, SIGTERM) != 0)
        syscall(SYS_pidfd_send_signal, state_->pidfd.native_handle(), SIGTERM, nullptr, 0);
    state_->patience.expires_after(kTimeToEnd);
    state_->patience.async_wait([pid = state_->pid](const boost::system::error_code& error) {
        if (!error) kill(-pid, SIGKILL);
    });
}

}  // namespace botbottle::git_gate
