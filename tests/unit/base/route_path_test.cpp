// The path that is judged is the path that is sent.
#include "base/route_path.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace botbottle {
namespace {

TEST(RoutePath, Canonicalizes) {
    struct Case {
        std::string_view raw, text;
        bool ambiguous;
    };
    const Case cases[] = {
        {"/", "/", false},
        {"/v1/messages", "/v1/messages", false},
        {"/a-b_c~d.e", "/a-b_c~d.e", false},
        {"/%61dmin", "/admin", false},
        {"/%7euser", "/~user", false},
        {"/a%3fb", "/a%3Fb", false},
        {"/a%20b", "/a%20b", false},
        {"/!$&'()*+,;=:@[x]", "/!$&'()*+,;=:@[x]", false},
        {"/.well-known/x", "/.well-known/x", false},
        {"/...", "/...", false},
        {"/a..b/.c", "/a..b/.c", false},
        {"/100%25", "/100%25", false},
        {"/100%25x", "/100%25x", false},
        // what origins read differently
        {"/a/./b", "/a/b", true},
        {"/a/../b", "/b", true},
        {"/a/%2e%2e/b", "/b", true},
        {"/a/.%2E/b", "/b", true},
        {"/a/%2e/b", "/a/b", true},
        {"/..", "/", true},
        {"/../../x", "/x", true},
        {"/a/..", "/", true},
        {"/a/b/..", "/a/", true},
        {"/a/.", "/a/", true},
        {"/a//../b", "/a/b", true},
        {"/a/..;x/b", "/a/..;x/b", true},
        {"/a/.;/b", "/a/.;/b", true},
        {"/a/..%3bx/b", "/a/..%3Bx/b", true},
        {"/a/%2e%2e%3b/b", "/a/..%3B/b", true},
        {"/a//b", "/a//b", true},
        {"//a", "//a", true},
        {"/a%2fb", "/a%2Fb", true},
        {"/a%2Fb", "/a%2Fb", true},
        {"/a%5cb", "/a%5Cb", true},
        {"/a%00b", "/a%00b", true},
        {"/a%0d%0ab", "/a%0D%0Ab", true},
        {"/a%7fb", "/a%7Fb", true},
        {"/a/%252e%252e/b", "/a/%252e%252e/b", true},
        {"/a%252fb", "/a%252fb", true},
        {"/a%255cb", "/a%255cb", true},
        {"/a%25%32eb", "/a%252eb", true},
        {"/a%25252eb", "/a%25252eb", true},
        {"/a%c0%afb", "/a%C0%AFb", true},        // overlong slash
        {"/a%ef%bc%8fb", "/a%EF%BC%8Fb", true},  // full-width slash
        {"/caf%c3%a9", "/caf%C3%A9", true},
    };
    for (const auto& [raw, text, ambiguous] : cases) {
        const auto path = RoutePath::canonicalize(raw);
        ASSERT_TRUE(path) << raw << ": " << path.error().message;
        EXPECT_EQ(path->text(), text) << raw;
        EXPECT_EQ(!path->ambiguity().empty(), ambiguous) << raw << ": " << path->ambiguity();
        const auto again = RoutePath::canonicalize(path->text());
        ASSERT_TRUE(again) << raw;
        EXPECT_EQ(again->text(), path->text()) << raw;
    }
}

TEST(RoutePath, Refuses) {
    using namespace std::string_view_literals;
    for (const std::string_view raw :
         {""sv,      "a"sv,      "*"sv,          "http://a/"sv, "/%"sv,     "/%4"sv,  "/%zz"sv,
          "/%4g"sv,  "/%%41"sv,  "/a?b"sv,       "/a#b"sv,      "/a\\b"sv,  "/a b"sv, "/a\tb"sv,
          "/a\0b"sv, "/a\x7f"sv, "/a\xc3\xa9"sv, "/a\"b"sv,     "/a<b"sv,   "/a>b"sv, "/a^b"sv,
          "/a`b"sv,  "/a{b"sv,   "/a}b"sv,       "/a|b"sv,      "/%u002e"sv}) {
        EXPECT_FALSE(RoutePath::canonicalize(raw)) << raw;
    }
}

TEST(RoutePath, MatchesOnSegmentBorders) {
    struct Case {
        std::string_view prefix, path;
        bool under;
    };
    const Case cases[] = {
        {"/repos/me", "/repos/me", true},    {"/repos/me", "/repos/me/", true},
        {"/repos/me", "/repos/me/x", true},  {"/repos/me", "/repos/me-evil", false},
        {"/repos/me", "/repos/me;x", false}, {"/repos/me", "/repos/me%3Fx", false},
        {"/repos/me", "/repos/m", false},    {"/repos/me", "/Repos/me", false},
        {"/repos/me", "/x/repos/me", false}, {"/repos/", "/repos/x", true},
        {"/repos/", "/repos/", true},        {"/repos/", "/repos", false},
        {"/", "/anything/at/all", true},     {"/", "/", true},
    };
    for (const auto& [prefix, path, under] : cases) {
        EXPECT_EQ(RoutePath::canonicalize(path)->is_under(*RoutePath::parse_prefix(prefix)), under)
            << prefix << " " << path;
    }
}

TEST(RoutePath, PrefixesAreWrittenCanonically) {
    EXPECT_TRUE(RoutePath::parse_prefix("/repos/me"));
    for (const std::string_view text :
         {"", "repos", "/a/../b", "/a//b", "/a%2fb", "/%61", "/a%3f", "/a?b", "/a/.", "/a b"}) {
        EXPECT_FALSE(RoutePath::parse_prefix(text)) << text;
    }
    EXPECT_EQ(RoutePath::parse_prefix("/%61").error().hint, "write /a");
}

}  // namespace
}  // namespace botbottle
