// The bottle's own secrets are found however they are spelled.
#include "scan/own_values.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "examples.h"

namespace botbottle::scan {
namespace {

constexpr std::string_view kSecret = "tk-Zr8+Qw/4nB_x.71 vGm";
constexpr std::string_view kCanary = "canary-55e1f0d2b7c94a";

std::string separated(std::string_view text, std::string_view separator) {
    std::string out;
    for (const char c : text) {
        if (!out.empty()) out += separator;
        out += c;
    }
    return out;
}

std::string in_case(std::string_view text, int (*change)(int)) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(),
                   [&](unsigned char c) { return static_cast<char>(change(c)); });
    return out;
}

class Spelled : public testing::TestWithParam<std::pair<const char*, std::string>> {};

TEST_P(Spelled, IsFoundInEveryChunking) {
    const auto own = own_values(kSecret);
    const std::string text = "{\"note\":\"" + GetParam().second + "\"}";
    ASSERT_TRUE(finds(scan_all(text, own), "own-secret")) << text;
    std::mt19937 random(3);
    for (int round = 0; round < 10; ++round) {
        Stream stream(builtin(), own);
        std::string_view rest = text;
        while (!rest.empty()) {
            const std::size_t size = round == 0 ? 1 : 1 + random() % 9;
            stream.feed(rest.substr(0, size));
            rest.remove_prefix(std::min(size, rest.size()));
        }
        EXPECT_FALSE(stream.finish());
        EXPECT_TRUE(finds(stream.findings(), "own-secret"));
    }
}

const std::string kText(kSecret);

INSTANTIATE_TEST_SUITE_P(
    OwnValues, Spelled,
    testing::Values(
        std::pair("plain", kText), std::pair("base64", to_base64(kText)),
        std::pair("base64 phase 1", to_base64("u" + kText + "!")),
        std::pair("base64 phase 2", to_base64("u:" + kText + "?!")),
        std::pair("base64 behind letters", "xyz" + to_base64(kText)),
        std::pair("base64url", to_base64_url("a:" + kText)),
        std::pair("base64 in lines", to_base64(kText).insert(12, "\\n").insert(5, "\r\n   ")),
        std::pair("hex", to_hex(kText)), std::pair("upper hex", in_case(to_hex(kText), ::toupper)),
        std::pair("hex with colons", to_hex(kText, ":")),
        std::pair("hex of C", "0x" + to_hex(kText, ", 0x")),
        std::pair("escapes of C", "\\x" + to_hex(kText, "\\x")),
        std::pair("percent", to_percent(kText)),
        std::pair("percent twice", to_percent(to_percent(kText))),
        std::pair("percent many times", "%252525252574" + to_percent(kText.substr(1))),
        std::pair("unicode escapes", to_unicode_escapes(kText)),
        std::pair("base32", to_base32(kText)),
        std::pair("lower base32 at a phase", in_case(to_base32("abc" + kText), ::tolower)),
        std::pair("reversed", std::string(kText.rbegin(), kText.rend())),
        std::pair("upper case", in_case(kText, ::toupper)),
        std::pair("dots inside", separated(kText, ".")),
        std::pair("blanks inside", separated(kText, " ")),
        std::pair("percent blanks inside", separated(kText, "%20")),
        std::pair("line ends inside", separated(kText, "\n")),
        std::pair("zero-width inside", separated(kText, "\xe2\x80\x8b")),
        std::pair("invalid UTF-8 inside", separated(kText, "\xff")),
        std::pair("combining marks", separated(kText, "\xcc\x81")),
        std::pair("UTF-16", to_utf16(kText)),
        std::pair("entities", "&#x" + to_hex(kText, ";&#x") + ";"),
        std::pair("base64 of hex", to_base64(to_hex(kText))),
        std::pair("hex of base64 of percent", to_hex(to_base64(to_percent(kText)))),
        std::pair("gzip", to_gzip("a text and " + kText)),
        std::pair("base64 of gzip", to_base64(to_gzip("a text and " + kText))),
        std::pair("cut over values", kText.substr(0, 7) + "\",\"b\":\"" + kText.substr(7))));

TEST(OwnValues, AreFoundWhenCutOverAQuery) {
    const auto own = own_values(kSecret);
    EXPECT_TRUE(finds(scan_all("a=tk-Z&b=r8%2BQ&c=w/4n&d=B_x&e=.71&f=%20vGm", own), "own-secret"));
}

TEST(OwnValues, AreFoundInLookAlikes) {
    const auto own = own_values("secretaccess0042");
    // Cyrillic s, e, c, e; full width 4 and 2.
    EXPECT_TRUE(
        finds(scan_all("\xd1\x95\xd0\xb5\xd1\x81ret acc\xd0\xb5ss 00\xef\xbc\x94\xef\xbc\x92", own),
              "own-secret"));
}

TEST(OwnValues, AreFoundInCharacterCodes) {
    const auto own = own_values(kSecret);
    std::string codes = "[";
    for (const char c : kText)
        codes += std::to_string(static_cast<int>(c)) + ", ";
    EXPECT_TRUE(finds(scan_all(codes + "0]", own), "own-secret"));
}

TEST(OwnValues, NameWhatWasFoundAndNeverShowIt) {
    for (const Finding& finding : scan_all(to_base64(kText), own_values(kSecret))) {
        EXPECT_EQ(finding.what, "the bottle's own secret bottle.token");
        EXPECT_EQ(finding.what.find("Zr8"), std::string::npos);
    }
}

TEST(OwnValues, AreToldFromCanaries) {
    const auto own = own_values(kSecret, kCanary);
    const auto findings = scan_all("x " + std::string(kCanary), own);
    ASSERT_TRUE(finds(findings, "canary"));
    EXPECT_FALSE(finds(findings, "own-secret"));
}

TEST(OwnValues, AreFoundByTheirPartsWhenLong) {
    std::mt19937 random(5);
    const std::string value = draw(random, 2000, kLetters);
    const auto own = own_values(value);
    EXPECT_TRUE(finds(scan_all(value.substr(0, 60), own), "own-secret"));
    EXPECT_TRUE(finds(scan_all(value.substr(1940), own), "own-secret"));
    EXPECT_TRUE(finds(scan_all(to_base64(value.substr(3)), own), "own-secret"));
}

TEST(OwnValues, TooShortAreLeftOutByName) {
    const auto own = own_values("short");
    EXPECT_TRUE(own->empty());
    EXPECT_EQ(own->left_out(), std::vector<std::string>{"bottle.token"});
}

}  // namespace
}  // namespace botbottle::scan
