// RestartBudget: how often something may be started again before it stays down. Pure: the caller
// says what time it is.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>

namespace botbottle::warden {

class RestartBudget {
  public:
    using Time = std::chrono::steady_clock::time_point;

    RestartBudget(std::size_t restarts, std::chrono::steady_clock::duration window)
        : restarts_(restarts), window_(window) {}

    // Takes one restart out of the budget; false when none is left at `now`.
    bool take(Time now);

  private:
    const std::size_t restarts_;
    const std::chrono::steady_clock::duration window_;
    std::deque<Time> taken_;
};

}  // namespace botbottle::warden
