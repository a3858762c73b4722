// Slots: how many at a time may run git. The others wait.
#pragma once

#include <utility>

#include "git-gate/task.h"

namespace botbottle::git_gate {

class Slots {
  public:
    class Slot {
      public:
        explicit Slot(Slots& slots) : slots_(&slots) {}
        Slot(Slot&& other) noexcept : slots_(std::exchange(other.slots_, nullptr)) {}
        Slot& operator=(Slot&&) = delete;
        Slot(const Slot&) = delete;
        Slot& operator=(const Slot&) = delete;
        ~Slot() {
            if (slots_ == nullptr) return;
            ++slots_->free_;
            slots_->waiting_.cancel_one();
        }

      private:
        Slots* slots_;
    };

    Slots(asio::io_context& io, std::size_t count)
        : free_(count), waiting_(io.get_executor(), Timer::time_point::max()) {}

    Task<Slot> take() {
        while (free_ == 0)
            (void)co_await waiting_.async_wait(kAwait);
        --free_;
        co_return Slot(*this);
    }

  private:
    std::size_t free_;
    Timer waiting_;
};

}  // namespace botbottle::git_gate
