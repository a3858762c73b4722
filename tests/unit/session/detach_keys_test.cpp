#include "session/detach_keys.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace botbottle::session {
namespace {

struct Row {
    const char* what;
    std::vector<std::string> typed;  // as the reads brought it
    std::string forward;
    bool leaves;
};

TEST(DetachKeys, FindsThePrefixInEverySpelling) {
    const Row rows[] = {
        {"plain text", {"hello"}, "hello", false},
        {"detach",
         {"ab\x1d"
          "dcd"},
         "ab",
         true},
        {"detach, key by key", {"\x1d", "d"}, "", true},
        {"twice is one", {"\x1d\x1d"}, "\x1d", false},
        {"twice, key by key",
         {"\x1d", "\x1d", "d"},
         "\x1d"
         "d",
         false},
        {"another key is both", {"\x1dx"}, "\x1dx", false},
        {"held until the next key", {"a\x1d"}, "a", false},
        {"escape is not held back", {"\x1b"}, "\x1b", false},
        {"an arrow key", {"\x1b[A"}, "\x1b[A", false},
        {"kitty: detach", {"\x1b[93;5ud"}, "", true},
        {"kitty: detach, both keys", {"\x1b[93;5u", "\x1b[100u"}, "", true},
        {"kitty: explicit press", {"\x1b[93;5:1u\x1b[100;1:1u"}, "", true},
        {"kitty: caps lock is no modifier",
         {"\x1b[93;69u"
          "d"},
         "",
         true},
        {"kitty: releases decide nothing",
         {"\x1b[93;5u\x1b[93;5:3u\x1b[57442;5:3u\x1b[100u"},
         "\x1b[93;5:3u\x1b[57442;5:3u",
         true},
        {"kitty: a release is not the prefix",
         {"\x1b[93;5:3u"
          "d"},
         "\x1b[93;5:3u"
         "d",
         false},
        {"kitty: twice is one", {"\x1b[93;5u\x1b[93;5u"}, "\x1b[93;5u", false},
        {"kitty: another modifier", {"\x1b[93;3ud"}, "\x1b[93;3ud", false},
        {"kitty: ctrl-d is not d", {"\x1d\x1b[100;5u"}, "\x1d\x1b[100;5u", false},
        {"kitty: cut in two passes", {"\x1b[93", ";5ud"}, "\x1b[93;5ud", false},
        {"not a key", {"\x1b[93;5;1u"}, "\x1b[93;5;1u", false},
        {"modifier 0 is not in the protocol", {"\x1b[93;0u"}, "\x1b[93;0u", false},
        {"a number too large", {"\x1b[99999999999u"}, "\x1b[99999999999u", false},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(row.what);
        DetachKeys keys;
        std::string forward;
        bool leaves = false;
        for (const std::string& part : row.typed)
            leaves = leaves || keys.feed(part, forward);
        EXPECT_EQ(forward, row.forward);
        EXPECT_EQ(leaves, row.leaves);
    }
}

}  // namespace
}  // namespace botbottle::session
