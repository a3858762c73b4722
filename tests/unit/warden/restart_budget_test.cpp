// At most so many in any window of that length, wherever the window begins.
#include "warden/restart_budget.h"

#include <gtest/gtest.h>

namespace botbottle::warden {
namespace {

using namespace std::chrono_literals;

TEST(RestartBudget, SlidesWithTime) {
    const struct {
        std::chrono::milliseconds at;
        bool granted;
    } cases[] = {
        {0ms, true},      {1ms, true},     {5000ms, true},   {5001ms, false},
        {9999ms, false},  {10000ms, true},  // the first is 10 s old
        {10000ms, false}, {10001ms, true}, {14999ms, false}, {15000ms, true},
    };
    RestartBudget budget(3, 10s);
    const RestartBudget::Time start{};
    for (const auto& c : cases)
        EXPECT_EQ(budget.take(start + c.at), c.granted) << c.at.count() << " ms";
}

TEST(RestartBudget, ARefusalCostsNothing) {
    RestartBudget budget(1, 10s);
    const RestartBudget::Time start{};
    EXPECT_TRUE(budget.take(start));
    for (int second = 1; second < 10; ++second)
        EXPECT_FALSE(budget.take(start + std::chrono::seconds(second)));
    EXPECT_TRUE(budget.take(start + 10s));
}

}  // namespace
}  // namespace botbottle::warden
