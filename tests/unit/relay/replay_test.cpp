#include "relay/replay.h"

#include <gtest/gtest.h>

namespace botbottle::relay {
namespace {

TEST(Replay, KeepsTheLastOfWhatItWasGiven) {
    constexpr std::size_t kSize = session::kReplaySize;
    Replay replay;
    EXPECT_EQ(replay.text(), "");
    replay.append("abc");
    EXPECT_EQ(replay.text(), "abc");

    std::string all = "abc";
    for (int i = 0; i < 50; ++i) {
        const std::string part(4001, static_cast<char>('a' + i % 26));
        replay.append(part);
        all += part;
        const std::size_t kept = std::min(all.size(), kSize);
        ASSERT_EQ(replay.text(), all.substr(all.size() - kept)) << i;
    }
    replay.append(std::string(kSize, '1') + "2");
    EXPECT_EQ(replay.text(), std::string(kSize - 1, '1') + "2");
    replay.append(std::string(kSize, '3'));  // exactly one round
    EXPECT_EQ(replay.text(), std::string(kSize, '3'));
}

}  // namespace
}  // namespace botbottle::relay
