// FloodGuard: counts frames that cost us something and bring nobody forward: resets (the peer's and
// those that it made us send), PING, SETTINGS, PRIORITY, empty DATA, tiny window updates.
//
// A budget that refills with time, so that a long connection may do a little of it for ever. RFC
// 9113 10.5; CVE-2019-9511 to 9518, CVE-2023-44487 (rapid reset), CVE-2025-8671 (MadeYouReset).
#pragma once

#include <chrono>
#include <cstdint>

namespace botbottle::http2 {

using Clock = std::chrono::steady_clock;

class FloodGuard {
  public:
    static constexpr std::uint64_t kBurst = 1000;
    static constexpr std::uint64_t kPerSecond = 33;

    // False when the budget is used up.
    bool spend(Clock::time_point now) noexcept;

  private:
    std::uint64_t left_ = kBurst;
    Clock::time_point refilled_{};
};

}  // namespace botbottle::http2
