#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include "cli/messages.h"

namespace botbottle::cli {
namespace {

TEST(Messages, NothingInThemDrivesTheTerminal) {
    set_up_messages(false);
    testing::internal::CaptureStderr();
    say(QStringLiteral("kept: \x1b[2Jfile"));
    complain({"code", "first\x07\nsecond\r", "hint \xc2\x9b!"});
    spdlog::warn("of a plugin: \x1b]0;title\x07");
    EXPECT_EQ(testing::internal::GetCapturedStderr(),
              "botbottle: kept: \\u001b[2Jfile\n"
              "botbottle: error: first\\u0007\nsecond\\u000d\n"
              "botbottle: hint \\u009b!\n"
              "botbottle: warning: of a plugin: \\u001b]0;title\\u0007\n");
}

}  // namespace
}  // namespace botbottle::cli
