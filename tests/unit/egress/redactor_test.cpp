// Redaction: every occurrence, in whatever pieces it comes, and nothing else.
#include "egress/redactor.h"

#include <gtest/gtest.h>

#include <random>

namespace botbottle::egress {
namespace {

std::string filtered(const RedactionPattern& pattern, std::string_view text, std::size_t piece) {
    Redactor redactor(pattern);
    std::string out;
    for (std::size_t at = 0; at < text.size(); at += piece)
        out += redactor.filter(text.substr(at, piece));
    out += redactor.finish();
    return out;
}

struct Case {
    const char* value;
    const char* text;
    const char* expected;
};

class Redaction : public ::testing::TestWithParam<Case> {};

TEST_P(Redaction, IsTheSameInAnyPieces) {
    const auto& [value, text, expected] = GetParam();
    const RedactionPattern pattern(value);
    for (std::size_t piece = 1; piece <= std::string_view(text).size() + 1; ++piece)
        EXPECT_EQ(filtered(pattern, text, piece), expected) << piece;
}

INSTANTIATE_TEST_SUITE_P(
    Table, Redaction,
    ::testing::Values(Case{"secret", "", ""}, Case{"secret", "nothing here", "nothing here"},
                      Case{"secret", "secret", "******"},
                      Case{"secret", "a secret, a secret", "a ******, a ******"},
                      Case{"secret", "secretsecret", "************"},
                      Case{"secret", "secre", "secre"}, Case{"secret", "secrsecret", "secr******"},
                      Case{"secret", "ssecret", "s******"}, Case{"aab", "aaaab", "aa***"},
                      Case{"abab", "abaabab", "aba****"}, Case{"aaa", "aaaaa", "***aa"},
                      Case{"abcabd", "abcabcabd", "abc******"}));

// The stream against the plain search, on text that is made of the value's own pieces.
TEST(Redaction, AgreesWithAPlainSearch) {
    std::mt19937 random(7);  // NOLINT: the same text each time
    const RedactionPattern pattern("abaababa");
    for (int round = 0; round < 2000; ++round) {
        std::string text;
        for (int i = 0; i < 60; ++i)
            text += static_cast<char>('a' + random() % 2);
        std::string expected = text;
        const bool found = redact(expected, pattern);
        EXPECT_EQ(found, expected != text);
        EXPECT_EQ(filtered(pattern, text, 1 + random() % 20), expected);
    }
}

TEST(Redaction, HoldsBackOnlyWhatMayBeTheValue) {
    const RedactionPattern pattern("secret");
    Redactor redactor(pattern);
    EXPECT_EQ(redactor.filter("data: event\n\n"), "data: event\n\n");
    EXPECT_EQ(redactor.filter("the sec"), "the ");
    EXPECT_EQ(redactor.filter("ond\n"), "second\n");
}

}  // namespace
}  // namespace botbottle::egress
