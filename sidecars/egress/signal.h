// Signal: lets one coroutine wait for another of the same worker.
#pragma once

#include <boost/asio/basic_waitable_timer.hpp>
#include <chrono>

#include "egress/task.h"

namespace botbottle::egress {

class Signal {
  public:
    explicit Signal(const Executor& executor)
        : never_(executor, std::chrono::steady_clock::time_point::max()) {}

    void set() {
        is_set_ = true;
        never_.cancel();
    }

    Task<void> wait() {
        while (!is_set_)
            (void)co_await never_.async_wait(kAwait);
    }

  private:
    using Clock = std::chrono::steady_clock;
    asio::basic_waitable_timer<Clock, asio::wait_traits<Clock>, Executor> never_;
    bool is_set_ = false;
};

}  // namespace botbottle::egress
