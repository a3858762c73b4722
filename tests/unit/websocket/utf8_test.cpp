// Every border of RFC 3629's table, whole and byte by byte.
#include "websocket/utf8.h"

#include <gtest/gtest.h>

#include <string>

namespace botbottle::websocket {
namespace {

bool whole(std::string_view text) {
    Utf8Checker checker;
    return checker.add(text) && checker.finish();
}

bool in_bytes(std::string_view text) {
    Utf8Checker checker;
    for (const char c : text) {
        if (!checker.add({&c, 1})) return false;
    }
    return checker.finish();
}

TEST(Utf8, Borders) {
    using namespace std::string_literals;
    const struct {
        std::string text;
        bool valid;
    } rows[] = {
        {"", true},
        {"plain", true},
        {"\0"s, true},
        {"\x7f", true},
        {"\xc2\x80", true},
        {"\xdf\xbf", true},
        {"\xe0\xa0\x80", true},
        {"\xed\x9f\xbf", true},
        {"\xee\x80\x80", true},
        {"\xef\xbf\xbf", true},
        {"\xf0\x90\x80\x80", true},
        {"\xf4\x8f\xbf\xbf", true},
        {"\x80", false},
        {"\xbf", false},
        {"\xc0\x80", false},          // overlong
        {"\xc1\xbf", false},          // overlong
        {"\xe0\x9f\xbf", false},      // overlong
        {"\xf0\x8f\xbf\xbf", false},  // overlong
        {"\xed\xa0\x80", false},      // surrogate
        {"\xed\xbf\xbf", false},      // surrogate
        {"\xf4\x90\x80\x80", false},  // beyond U+10FFFF
        {"\xf5\x80\x80\x80", false},
        {"\xff", false},
        {"\xc2", false},  // cut off
        {"\xe2\x82", false},
        {"\xf0\x9f\x98", false},
        {"\xc2\x41", false},
        {"\xe2\x28\xa1", false},
        {"\xc3\xc3\xa9", false},
    };
    for (const auto& row : rows) {
        EXPECT_EQ(whole(row.text), row.valid) << testing::PrintToString(row.text);
        EXPECT_EQ(in_bytes(row.text), row.valid) << testing::PrintToString(row.text);
    }
}

TEST(Utf8, FailsAtTheFirstByteThatCannotBe) {
    Utf8Checker checker;
    EXPECT_TRUE(checker.add("good \xed"));
    EXPECT_FALSE(checker.add("\xa0"));
}

TEST(Utf8, FinishBeginsAgain) {
    Utf8Checker checker;
    EXPECT_TRUE(checker.add("\xc2"));
    EXPECT_FALSE(checker.finish());
    EXPECT_TRUE(checker.add("a"));
    EXPECT_TRUE(checker.finish());
}

}  // namespace
}  // namespace botbottle::websocket
