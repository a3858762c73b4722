// What an agent puts on and what must not leave.
#include "http/strip.h"

#include <gtest/gtest.h>

#include <string>

namespace botbottle::http {
namespace {

std::string text(const HeaderFields& fields) {
    std::string out;
    for (const auto& field : fields)
        out.append(field.name).append(": ").append(field.value).append("\n");
    return out;
}

std::string stripped(HeaderFields fields, const RequestStripping& rules = {}) {
    strip_request(fields, rules);
    return text(fields);
}

TEST(StripRequest, RemovesEveryCredential) {
    HeaderFields fields = {{"Accept", "*/*"},
                           {"Authorization", "Bearer mine"},
                           {"Proxy-Authorization", "Basic mine"},
                           {"X-Api-Key", "mine"},
                           {"x_api_key", "mine"},
                           {"api-key", "mine"},
                           {"x-goog-api-key", "mine"},
                           {"PRIVATE-TOKEN", "mine"},
                           {"JOB-TOKEN", "mine"},
                           {"X-Auth-Token", "mine"},
                           {"X-Own-Key", "mine"},
                           {"x_own-key", "mine"},
                           {"Cookie", "kept=1"}};
    RequestStripping rules;
    rules.credential_header = "x-own-key";
    EXPECT_EQ(strip_request(fields, rules), 11u);
    EXPECT_EQ(text(fields), "Accept: */*\nCookie: kept=1\n");
}

TEST(StripRequest, RemovesHopByHopAndFraming) {
    EXPECT_EQ(stripped({{"Host", "a"},
                        {"Content-Length", "1"},
                        {"Transfer-Encoding", "chunked"},
                        {"Connection", "keep-alive"},
                        {"Keep-Alive", "timeout=5"},
                        {"Proxy-Connection", "keep-alive"},
                        {"Proxy-Authenticate", "x"},
                        {"Proxy-Foo", "x"},
                        {"Trailer", "X"},
                        {"Upgrade", "websocket"},
                        {"HTTP2-Settings", "x"},
                        {"Expect", "100-continue"},
                        {"Accept", "*/*"}}),
              "Accept: */*\n");
}

TEST(StripRequest, RemovesWhatConnectionNames) {
    EXPECT_EQ(stripped({{"X-Private", "1"},
                        {"Connection", "close, x-private"},
                        {"Connection", "X_Other"},
                        {"X-Other", "1"},
                        {"X-Kept", "1"}}),
              "X-Kept: 1\n");
}

TEST(StripRequest, ConnectionCannotRemoveWhatMatters) {
    EXPECT_EQ(stripped({{"Connection", "Content-Type, content-encoding, cookie, cache-control"},
                        {"Connection", "content-range, Range, host"},
                        {"Content-Type", "a"},
                        {"Content-Encoding", "gzip"},
                        {"Content-Range", "x"},
                        {"Cookie", "b"},
                        {"Cache-Control", "c"},
                        {"Range", "d"}}),
              "Content-Type: a\nContent-Encoding: gzip\nContent-Range: x\nCookie: b\n"
              "Cache-Control: c\nRange: d\n");
}

TEST(StripRequest, RemovesOverridesAndTraces) {
    EXPECT_EQ(stripped({{"X-HTTP-Method-Override", "DELETE"},
                        {"X-HTTP-Method", "DELETE"},
                        {"X-Method-Override", "DELETE"},
                        {"X_HTTP_Method_Override", "DELETE"},
                        {"X-Original-URL", "/admin"},
                        {"X-Rewrite-URL", "/admin"},
                        {"X-Forwarded-Prefix", "/admin"},
                        {"X-Forwarded-For", "::1"},
                        {"X-Forwarded-Host", "b"},
                        {"Forwarded", "for=x"},
                        {"X-Real-IP", "::1"},
                        {"Via", "1.1 me"},
                        {"User-Agent", "x"}}),
              "User-Agent: x\n");
}

TEST(StripRequest, KeepsTrailersOfTe) {
    EXPECT_EQ(stripped({{"TE", "deflate, Trailers;q=1"}}), "");
    EXPECT_EQ(stripped({{"TE", "deflate, trailers"}, {"TE", "trailers"}}), "TE: trailers\n");
    RequestStripping rules;
    rules.keep_te_trailers = false;
    EXPECT_EQ(stripped({{"TE", "trailers"}}, rules), "");
}

TEST(Strip, CookiesAreKeptOrGo) {
    HeaderFields request = {
        {"Cookie", "a=1"}, {"Accept", "*/*"}, {"cookie", "b=2"}, {"Cookie2", "c=3"}};
    strip_cookies(request);
    EXPECT_EQ(text(request), "Accept: */*\n");
    const HeaderFields answer = {{"Set-Cookie", "a=1"},
                                 {"WWW-Authenticate", "Basic"},
                                 {"set-cookie", "b=2"},
                                 {"Set-Cookie2", "c=3"}};
    HeaderFields without = answer;
    strip_cookies(without);
    EXPECT_EQ(text(without), "WWW-Authenticate: Basic\n");
    HeaderFields with = answer;
    strip_response(with);
    EXPECT_EQ(with.size(), 4U);
}

TEST(StripResponse, RemovesOnlyTheHop) {
    HeaderFields fields = {{"Content-Length", "1"},
                           {"Transfer-Encoding", "chunked"},
                           {"Connection", "close, x-hop"},
                           {"X-Hop", "1"},
                           {"Keep-Alive", "x"},
                           {"Upgrade", "h2c"},
                           {"Proxy-Authenticate", "x"},
                           {"Trailer", "x"},
                           {"Set-Cookie", "a=b"},
                           {"WWW-Authenticate", "Basic"},
                           {"Location", "/x"},
                           {"Content-Type", "text/plain"},
                           {"Via", "1.1 cdn"}};
    strip_response(fields);
    EXPECT_EQ(text(fields),
              "Set-Cookie: a=b\nWWW-Authenticate: Basic\nLocation: /x\nContent-Type: text/plain\n"
              "Via: 1.1 cdn\n");
}

TEST(StripTrailers, KeepsOnlyWhatNoRuleKnows) {
    HeaderFields fields = {{"grpc-status", "0"},    {"Authorization", "x"}, {"Host", "b"},
                           {"Content-Length", "9"}, {"Cookie", "x"},        {"Set-Cookie", "x"},
                           {"x-api-key", "x"},      {"Content-Type", "x"},  {"Via", "x"},
                           {"X-Own-Key", "x"},      {"X-Checksum", "1"}};
    strip_trailers(fields, "x-own-key");
    EXPECT_EQ(text(fields), "grpc-status: 0\nX-Checksum: 1\n");
}

}  // namespace
}  // namespace botbottle::http
