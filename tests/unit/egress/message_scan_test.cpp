// Messages of a WebSocket: what is kept back, and what spans several.
#include "egress/message_scan.h"

#include <gtest/gtest.h>

#include "scanning.h"

namespace botbottle::egress {
namespace {

using Ends = MessageGate::Ends;

TEST(MessageScan, KeepsTheEndBackUntilItsFrameEnds) {
    ScannerPool pool;
    MessageScan scan(pool, tables());
    EXPECT_EQ(scan.feed("begun", Ends::kNothing), "");
    EXPECT_EQ(scan.feed(", ", Ends::kFrame), "begun, ");
    EXPECT_EQ(scan.feed("ended", Ends::kMessage), "ended");
    const std::string large(5000, 'x');
    EXPECT_EQ(scan.feed(large, Ends::kNothing)->size(), large.size() - scan::Stream::kTail);
    EXPECT_EQ(scan.feed("", Ends::kMessage)->size(), scan::Stream::kTail);
}

TEST(MessageScan, FindsWhatIsSpreadOverFramesAndMessages) {
    const std::string secret = token();
    for (const Ends first : {Ends::kNothing, Ends::kFrame, Ends::kMessage}) {
        ScannerPool pool;
        MessageScan scan(pool, tables());
        EXPECT_EQ(scan.feed(secret.substr(0, 20), first),
                  first == Ends::kMessage ? secret.substr(0, 20) : "");
        EXPECT_TRUE(scan.feed_control("ping"));
        EXPECT_EQ(scan.feed(secret.substr(20), Ends::kMessage), std::nullopt);
        ASSERT_TRUE(scan.caught());
        EXPECT_EQ(scan.caught()->rule, "github-token");
        EXPECT_EQ(scan.feed("anything", Ends::kMessage), std::nullopt);
    }
}

TEST(MessageScan, LooksIntoControlFrames) {
    ScannerPool pool;
    MessageScan scan(pool, tables());
    EXPECT_TRUE(scan.feed_control("are you there"));
    EXPECT_FALSE(scan.feed_control(token()));
    EXPECT_TRUE(scan.caught());
}

}  // namespace
}  // namespace botbottle::egress
