// OperationThread: the one thread on which a backend's operations run, so that one that hangs can
// be given up, and what a backend ties to its thread (PR_SET_PDEATHSIG) lives as long as the
// process.
//
// While an operation runs, the caller waits with every signal blocked: a Ctrl-C interrupts the
// operation, as if it ran here.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "plugins/contained_call.h"

namespace botbottle {

struct Patience {
    // Without a sign of life for so long, an operation is given up.
    std::chrono::milliseconds silence;
    // And so long after the operator has interrupted it.
    std::chrono::milliseconds after_interrupt = std::chrono::seconds(10);
    std::function<bool()> interrupted = {};
    // When there was one last; the beginning of time when there was none.
    std::function<std::chrono::steady_clock::time_point()> last_sign_of_life = {};
};

class OperationThread {
  public:
    OperationThread();

    // Returns with `work` done, or with Hangs: then `work` goes on, must own what it uses, and
    // nothing more may be run. One caller at a time.
    CallOutcome run(std::function<void()> work, const Patience& patience);

  private:
    struct Shared;
    std::shared_ptr<Shared> shared_;
};

}  // namespace botbottle
