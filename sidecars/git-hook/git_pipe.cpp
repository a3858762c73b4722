#include "git-hook/git_pipe.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace botbottle::git_hook {
namespace {

using control::Descriptor;

constexpr std::size_t kBuffer = std::size_t{256} * 1024;
// What a git may have ready while its last answer is looked at. More than a user may have is
// refused, and the pipe is as large as ever.
constexpr int kPipe = 1 << 20;
constexpr std::size_t kMaxOutput = std::size_t{64} << 20;

}  // namespace

Result<GitPipe> GitPipe::start(const std::vector<std::string>& words) {
    int to_git[2];
    int from_git[2];
    if (pipe2(to_git, O_CLOEXEC) != 0 || pipe2(from_git, O_CLOEXEC) != 0)
        return failure("git", std::string("cannot make a pipe: ") + std::strerror(errno));
    const Descriptor their_input(to_git[0]);
    Descriptor input(to_git[1]);
    Descriptor output(from_git[0]);
    const Descriptor their_output(from_git[1]);
    (void)fcntl(output.get(), F_SETPIPE_SZ, kPipe);
    std::vector<char*> argv = {const_cast<char*>("git")};
    for (const std::string& word : words)
        argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, their_input.get(), STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, their_output.get(), STDOUT_FILENO);
    pid_t pid = -1;
    const int error = posix_spawnp(&pid, "git", &actions, nullptr, argv.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (error != 0) return failure("git", std::string("cannot start git: ") + std::strerror(error));
    return GitPipe(pid, std::move(input), std::move(output));
}

GitPipe::GitPipe(GitPipe&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      input_(std::move(other.input_)),
      output_(std::move(other.output_)),
      buffer_(std::move(other.buffer_)),
      begin_(other.begin_),
      end_(other.end_) {}

GitPipe::~GitPipe() {
    if (pid_ > 0) (void)finish();
}

bool GitPipe::write(std::string_view text) {
    while (!text.empty()) {
        const ssize_t count = ::write(input_.get(), text.data(), text.size());
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return false;
        text.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
}

// Reads when nothing is there. False when that failed.
bool GitPipe::fill() {
    if (available() > 0) return true;
    buffer_.resize(kBuffer);
    ssize_t count = 0;
    do
        count = ::read(output_.get(), buffer_.data(), buffer_.size());
    while (count < 0 && errno == EINTR);
    begin_ = 0;
    end_ = count > 0 ? static_cast<std::size_t>(count) : 0;
    return count >= 0;
}

bool GitPipe::read_until(char end, std::string& into) {
    into.clear();
    for (;;) {
        if (!fill() || available() == 0) return false;
        const char* const from = buffer_.data() + begin_;
        const auto* const found = static_cast<const char*>(std::memchr(from, end, available()));
        const std::size_t size =
            found == nullptr ? available() : static_cast<std::size_t>(found - from);
        if (into.size() + size > kMaxOutput) return false;
        into.append(from, size);
        begin_ += size + (found == nullptr ? 0 : 1);
        if (found != nullptr) return true;
    }
}

std::string_view GitPipe::read_some(std::size_t most) {
    if (!fill()) return {};
    const std::string_view piece(buffer_.data() + begin_, std::min(most, available()));
    begin_ += piece.size();
    return piece;
}

bool GitPipe::read_exactly(char* into, std::size_t size) {
    const std::size_t there = std::min(size, available());
    std::memcpy(into, buffer_.data() + begin_, there);
    begin_ += there;
    for (std::size_t got = there; got < size;) {
        const ssize_t count = ::read(output_.get(), into + got, size - got);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return false;
        got += static_cast<std::size_t>(count);
    }
    return true;
}

int GitPipe::peek() {
    if (!fill() || available() == 0) return -1;
    return static_cast<unsigned char>(buffer_[begin_]);
}

int GitPipe::finish() {
    input_.reset();
    while (!read_some(kBuffer).empty()) {
    }
    int status = 0;
    while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

Result<GitAnswer> ask_git(const std::vector<std::string>& words, std::string_view input) {
    auto git = GitPipe::start(words);
    if (!git) return tl::make_unexpected(git.error());
    // Small enough for a pipe, or read to its end before anything is written.
    (void)git->write(input);
    git->no_more_input();
    GitAnswer answer{};
    for (;;) {
        const auto piece = git->read_some(kBuffer);
        if (piece.empty() || answer.output.size() > kMaxOutput) break;
        answer.output += piece;
    }
    answer.code = git->finish();
    if (answer.output.size() > kMaxOutput)
        return failure("git", "git " + words[0] + " says more than can be kept");
    return answer;
}

}  // namespace botbottle::git_hook
