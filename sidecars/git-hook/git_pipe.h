// GitPipe: a git that answers what it is asked, one thing after the other. Blocking.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "control/descriptor.h"

namespace botbottle::git_hook {

class GitPipe {
  public:
    // `words` after "git"; in this process's directory and environment, which are those of the
    // hook.
    static Result<GitPipe> start(const std::vector<std::string>& words);
    GitPipe(GitPipe&&) noexcept;
    GitPipe& operator=(GitPipe&&) = delete;
    ~GitPipe();

    bool write(std::string_view text);
    void no_more_input() { input_.reset(); }

    // Up to the next `end`, which is taken and not returned. False at the end of the output.
    bool read_until(char end, std::string& into);
    // At most `most` bytes of what is there; empty at the end. Valid until the next call.
    std::string_view read_some(std::size_t most);
    // Exactly so many bytes, without a copy in between. False when there are fewer.
    bool read_exactly(char* into, std::size_t size);
    int peek();  // the next byte; -1 at the end

    // Its exit code, after the rest of its output was dropped.
    int finish();

  private:
    GitPipe(pid_t pid, control::Descriptor input, control::Descriptor output)
        : pid_(pid), input_(std::move(input)), output_(std::move(output)) {}
    bool fill();
    std::size_t available() const { return end_ - begin_; }

    pid_t pid_;
    control::Descriptor input_;
    control::Descriptor output_;
    std::vector<char> buffer_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

// Runs it to its end: the exit code and the output (at most 64 MiB).
struct GitAnswer {
    int code;
    std::string output;
};
Result<GitAnswer> ask_git(const std::vector<std::string>& words, std::string_view input = {});

}  // namespace botbottle::git_hook
