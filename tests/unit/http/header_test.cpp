// Names are known whatever their case, and whether spelled with "-" or "_".
#include "http/header.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace botbottle::http {
namespace {

TEST(Header, ClassifiesNames) {
    struct Case {
        std::string_view name;
        HeaderId id;
    };
    const Case cases[] = {
        {"Host", HeaderId::kHost},
        {"hOST", HeaderId::kHost},
        {"TE", HeaderId::kTe},
        {"Via", HeaderId::kVia},
        {"Range", HeaderId::kRange},
        {"Expect", HeaderId::kExpect},
        {"Cookie", HeaderId::kCookie},
        {"Api-Key", HeaderId::kApiKey},
        {"Trailer", HeaderId::kTrailer},
        {"Upgrade", HeaderId::kUpgrade},
        {"Location", HeaderId::kLocation},
        {"X-Api-Key", HeaderId::kXApiKey},
        {"X_API_KEY", HeaderId::kXApiKey},
        {"x-api_key", HeaderId::kXApiKey},
        {"JOB-TOKEN", HeaderId::kJobToken},
        {"Forwarded", HeaderId::kForwarded},
        {"X-Real-IP", HeaderId::kXRealIp},
        {"Connection", HeaderId::kConnection},
        {"Keep-Alive", HeaderId::kKeepAlive},
        {"Set-Cookie", HeaderId::kSetCookie},
        {"X-Auth-Token", HeaderId::kXAuthToken},
        {"Content-Type", HeaderId::kContentType},
        {"PRIVATE-TOKEN", HeaderId::kPrivateToken},
        {"Authorization", HeaderId::kAuthorization},
        {"X-HTTP-Method", HeaderId::kXHttpMethod},
        {"X-Rewrite-URL", HeaderId::kXRewriteUrl},
        {"Cache-Control", HeaderId::kCacheControl},
        {"x-goog-api-key", HeaderId::kXGoogApiKey},
        {"Content-Length", HeaderId::kContentLength},
        {"Content_Length", HeaderId::kContentLength},
        {"X-Original-URL", HeaderId::kXOriginalUrl},
        {"HTTP2-Settings", HeaderId::kHttp2Settings},
        {"Content-Encoding", HeaderId::kContentEncoding},
        {"WWW-Authenticate", HeaderId::kWwwAuthenticate},
        {"X-Method-Override", HeaderId::kXMethodOverride},
        {"Transfer-Encoding", HeaderId::kTransferEncoding},
        {"Proxy-Authorization", HeaderId::kProxyAuthorization},
        {"X-HTTP-Method-Override", HeaderId::kXHttpMethodOverride},
        {"Proxy-Connection", HeaderId::kProxy},
        {"proxy_anything", HeaderId::kProxy},
        {"Content-Range", HeaderId::kContentOther},
        {"X-Forwarded", HeaderId::kXForwarded},
        {"X-Forwarded-For", HeaderId::kXForwarded},
        {"X-Forwarded-Prefix", HeaderId::kXForwarded},
        {"X-ForwardedFor", HeaderId::kOther},
        {"Accept", HeaderId::kOther},
        {"anthropic-version", HeaderId::kOther},
        {"Proxy", HeaderId::kOther},
        {"x", HeaderId::kOther},
        {"", HeaderId::kOther},
        {"a-name-that-is-longer-than-every-known-one", HeaderId::kOther},
    };
    for (const auto& [name, id] : cases)
        EXPECT_EQ(classify(name), id) << name;
}

TEST(Header, ComparesNames) {
    EXPECT_TRUE(equal_ignoring_case("AbC-d", "aBc-D"));
    EXPECT_FALSE(equal_ignoring_case("a-b", "a_b"));
    EXPECT_FALSE(equal_ignoring_case("ab", "abc"));
    EXPECT_FALSE(equal_ignoring_case("k", "\xe2\x84\xaa"));  // Kelvin sign: no Unicode folding
    EXPECT_TRUE(same_header("X_Key", "x-key"));
    EXPECT_FALSE(equal_ignoring_case("[", "{"));
}

TEST(Header, KnowsBytes) {
    EXPECT_TRUE(is_token("X-a_b!#$%&'*+.^`|~9"));
    for (const std::string_view text : {"", "a b", "a:", "a\t", "a\"", "(a)", "a/b", "\x80", "a,b"})
        EXPECT_FALSE(is_token(text)) << text;
    EXPECT_EQ(token_size("abc: d"), 3u);
    EXPECT_EQ(token_size(""), 0u);
    for (int byte = 0; byte < 256; ++byte) {
        const std::string text(40, static_cast<char>(byte));
        const bool control = (byte < 0x20 && byte != '\t') || byte == 0x7f;
        EXPECT_EQ(is_field_value(text), !control) << byte;
        EXPECT_EQ(is_field_value("padding that is longer than a vector register" + text), !control);
    }
    EXPECT_TRUE(is_target("/a?b=%20[1]"));
    EXPECT_FALSE(is_target(""));
}

TEST(Header, SplitsLists) {
    const auto members = [](std::string_view list) {
        std::vector<std::string> out;
        for_each_list_member(list, [&out](std::string_view member) { out.emplace_back(member); });
        return out;
    };
    EXPECT_EQ(members(" a ,b,,\t c\t,"), (std::vector<std::string>{"a", "b", "c"}));
    EXPECT_TRUE(members("").empty());
    EXPECT_TRUE(members(" , ,").empty());
}

TEST(Header, Finds) {
    const HeaderFields fields = {{"A", "1"}, {"content-type", "x"}, {"Content-Type", "y"}};
    EXPECT_EQ(find(fields, HeaderId::kContentType)->value, "x");
    EXPECT_EQ(find(fields, HeaderId::kHost), nullptr);
}

}  // namespace
}  // namespace botbottle::http
