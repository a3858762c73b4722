// Bell: wakes the one coroutine of the same worker that waits for it, as often as it is rung.
#pragma once

#include <boost/asio/basic_waitable_timer.hpp>
#include <chrono>

#include "egress/task.h"

namespace botbottle::egress {

class Bell {
  public:
    explicit Bell(const Executor& executor)
        : never_(executor, std::chrono::steady_clock::time_point::max()) {}

    void ring() {
        rung_ = true;
        never_.cancel();
    }

    // Returns at once when it was rung since the last time.
    Task<void> wait() {
        while (!rung_)
            (void)co_await never_.async_wait(kAwait);
        rung_ = false;
    }

  private:
    using Clock = std::chrono::steady_clock;
    asio::basic_waitable_timer<Clock, asio::wait_traits<Clock>, Executor> never_;
    bool rung_ = false;
};

}  // namespace botbottle::egress
