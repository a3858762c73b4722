// A budget that refills with time.
#include "http2/flood_guard.h"

#include <gtest/gtest.h>

namespace botbottle::http2 {
namespace {

using std::chrono::seconds;

std::uint64_t spendable(FloodGuard& guard, Clock::time_point now) {
    std::uint64_t spent = 0;
    while (spent < 10 * FloodGuard::kBurst && guard.spend(now))
        ++spent;
    return spent;
}

TEST(FloodGuard, ABurstThenARate) {
    FloodGuard guard;
    const Clock::time_point start = Clock::time_point{} + seconds(1000);
    EXPECT_EQ(spendable(guard, start), FloodGuard::kBurst);
    EXPECT_EQ(spendable(guard, start), 0u);
    EXPECT_EQ(spendable(guard, start + seconds(1)), FloodGuard::kPerSecond);
    EXPECT_EQ(spendable(guard, start + seconds(3)), 2 * FloodGuard::kPerSecond);
}

TEST(FloodGuard, NeverMoreThanABurst) {
    FloodGuard guard;
    const Clock::time_point start{};
    EXPECT_EQ(spendable(guard, start), FloodGuard::kBurst);
    EXPECT_EQ(spendable(guard, start + std::chrono::hours(24 * 365)), FloodGuard::kBurst);
}

TEST(FloodGuard, ALittleIsFreeForEver) {
    FloodGuard guard;
    Clock::time_point now{};
    for (int second = 0; second < 1000; ++second, now += seconds(1)) {
        for (std::uint64_t i = 0; i < FloodGuard::kPerSecond; ++i)
            ASSERT_TRUE(guard.spend(now)) << second;
    }
}

}  // namespace
}  // namespace botbottle::http2
