// Child: a program of git's that this process has started, with the pipes to it.
//
// It gets nothing of this process but what is named here: an environment of our own making, and
// the descriptors in their order. It dies with this process.
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "control/descriptor.h"
#include "git-gate/task.h"

namespace botbottle::git_gate {

struct ChildPlan {
    std::vector<std::string> argv;         // argv[0] is searched in kPath
    std::vector<std::string> environment;  // "NAME=value"
    std::string directory;                 // empty: the root
    // Its descriptors from 0 on (borrowed); -1: /dev/null.
    std::vector<int> descriptors;
};

inline constexpr const char* kPath = "/usr/local/bin:/usr/bin:/bin";

class Child {
  public:
    static Result<std::unique_ptr<Child>> start(asio::io_context& io, const ChildPlan& plan);
    // Kills it when it still lives, and reaps it later.
    ~Child();
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    // Waits for its end: the exit code, or 128 and the signal. Once.
    Task<int> wait();

    // SIGTERM to it and all that it has started; SIGKILL when that does not help in five seconds.
    void terminate() noexcept;

  private:
    Child(asio::io_context& io, pid_t pid, int pidfd);
    struct State;
    std::unique_ptr<State> state_;
};

struct Pipe {
    control::Descriptor read;
    control::Descriptor write;
};
// Both ends close-on-exec.
Result<Pipe> make_pipe();

}  // namespace botbottle::git_gate
