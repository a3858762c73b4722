// UpstreamLock: one at a time may compare a mirror with its upstream and move its refs.
#pragma once

#include <utility>

#include "git-gate/task.h"

namespace botbottle::git_gate {

// One thread. Those who wait come in the order in which they asked.
class UpstreamLock {
  public:
    class Guard {
      public:
        Guard() = default;
        explicit Guard(UpstreamLock& lock) : lock_(&lock) {}
        Guard(Guard&& other) noexcept : lock_(std::exchange(other.lock_, nullptr)) {}
        Guard& operator=(Guard&& other) noexcept {
            release();
            lock_ = std::exchange(other.lock_, nullptr);
            return *this;
        }
        Guard(const Guard&) = delete;
        Guard& operator=(const Guard&) = delete;
        ~Guard() { release(); }
        void release() noexcept {
            if (lock_ == nullptr) return;
            lock_->taken_ = false;
            std::exchange(lock_, nullptr)->waiting_.cancel_one();
        }

      private:
        UpstreamLock* lock_ = nullptr;
    };

    explicit UpstreamLock(asio::io_context& io)
        : waiting_(io.get_executor(), Timer::time_point::max()) {}

    Task<Guard> take() {
        while (taken_)
            (void)co_await waiting_.async_wait(kAwait);
        taken_ = true;
        co_return Guard(*this);
    }

  private:
    bool taken_ = false;
    Timer waiting_;
};

}  // namespace botbottle::git_gate
