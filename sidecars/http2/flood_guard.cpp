// See flood_guard.h.
#include "http2/flood_guard.h"

#include <algorithm>

namespace botbottle::http2 {

bool FloodGuard::spend(Clock::time_point now) noexcept {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now - refilled_).count();
    if (seconds > 0) {
        const auto earned =
            std::min<std::uint64_t>(static_cast<std::uint64_t>(seconds), kBurst) * kPerSecond;
        left_ = std::min(kBurst, left_ + earned);
        refilled_ = now;
    }
    if (left_ == 0) return false;
    --left_;
    return true;
}

}  // namespace botbottle::http2
