// What the parser says besides the bytes: flags of a head, several messages on one connection,
// events.
#include "http/parser.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace botbottle::http {
namespace {

RequestHead head_of(std::string_view bytes) {
    RequestParser parser;
    EXPECT_EQ(parser.next(bytes).kind, EventKind::kHead) << bytes << parser.error().rule;
    return parser.head();
}

TEST(RequestParser, ReadsTheConnectionFields) {
    EXPECT_TRUE(head_of("GET / HTTP/1.1\r\nHost: a\r\n\r\n").keep_alive);
    EXPECT_FALSE(head_of("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").keep_alive);
    EXPECT_FALSE(head_of("GET / HTTP/1.1\r\nHost: a\r\nConnection: x ,CLOSE\r\n\r\n").keep_alive);
    EXPECT_FALSE(head_of("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").keep_alive);

    EXPECT_TRUE(
        head_of("GET / HTTP/1.1\r\nHost: a\r\nTE: trailers, deflate\r\n\r\n").accepts_trailers);
    EXPECT_FALSE(head_of("GET / HTTP/1.1\r\nHost: a\r\nTE: deflate\r\n\r\n").accepts_trailers);

    EXPECT_TRUE(
        head_of("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\n\r\n").expects_continue);
    EXPECT_FALSE(head_of("POST / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n").expects_continue);

    const std::string upgrade = "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n";
    EXPECT_EQ(head_of(upgrade + "Connection: keep-alive, Upgrade\r\n\r\n").upgrade, "websocket");
    EXPECT_EQ(head_of(upgrade + "\r\n").upgrade, "");  // not meant for this hop
    EXPECT_EQ(head_of("GET / HTTP/1.0\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n").upgrade, "");
}

TEST(RequestParser, ReadsPipelinedRequests) {
    std::string_view buffer =
        "POST http://a/1 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab"
        "POST /2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        "1\r\nc\r\n0\r\nT: 1\r\n\r\n"
        "POST /3 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nd\r\n0\r\n\r\n"
        "\r\nGET /4 HTTP/1.1\r\nHost: a\r\n\r\n";
    RequestParser parser;
    std::string seen;
    while (true) {
        const auto event = parser.next(buffer);
        if (event.kind == EventKind::kNeedMore) break;
        ASSERT_NE(event.kind, EventKind::kError) << parser.error().rule;
        if (event.kind == EventKind::kHead) {
            seen += parser.head().authority ? parser.head().authority->text() : "";
            seen += std::string(parser.head().target) + " ";
        }
        if (event.kind == EventKind::kBody) seen += std::string(event.data) + " ";
        if (event.kind == EventKind::kTrailers) seen += "trailers ";
        buffer.remove_prefix(event.consumed);
        if (event.kind == EventKind::kEnd) {
            seen += "end ";
            EXPECT_FALSE(parser.is_idle());
            parser.reset();
            EXPECT_TRUE(parser.is_idle());
            EXPECT_TRUE(parser.trailers().empty());
        }
    }
    EXPECT_EQ(seen, "a:80/1 ab end /2 c trailers end /3 d end /4 end ");
    EXPECT_TRUE(buffer.empty());
}

TEST(RequestParser, IsIdleUntilTheFirstByte) {
    RequestParser parser;
    EXPECT_TRUE(parser.is_idle());
    EXPECT_EQ(parser.next("").kind, EventKind::kNeedMore);
    EXPECT_TRUE(parser.is_idle());
    EXPECT_EQ(parser.next("G").kind, EventKind::kNeedMore);
    EXPECT_FALSE(parser.is_idle());
}

TEST(RequestParser, AnErrorIsFinal) {
    RequestParser parser;
    EXPECT_EQ(parser.next("nonsense\r\n").kind, EventKind::kError);
    EXPECT_EQ(parser.next("GET / HTTP/1.1\r\nHost: a\r\n\r\n").kind, EventKind::kError);
    EXPECT_EQ(parser.error().rule, "bad_request_line");
}

TEST(RequestParser, PayloadIsNotCopied) {
    const std::string bytes = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello";
    RequestParser parser;
    std::string_view buffer = bytes;
    buffer.remove_prefix(parser.next(buffer).consumed);
    const auto event = parser.next(buffer);
    EXPECT_EQ(event.data.data(), bytes.data() + bytes.size() - 5);
    EXPECT_GE(parser.head().method.data(), bytes.data());
    EXPECT_EQ(parser.head().method.data(), bytes.data());
}

TEST(MatchHost, ComparesCanonically) {
    const auto https = *Authority::parse("a.example", 443);
    EXPECT_EQ(match_host("a.example", https, 443), HostMatch::kSame);
    EXPECT_EQ(match_host("A.example.", https, 443), HostMatch::kSame);
    EXPECT_EQ(match_host("a.example:443", https, 443), HostMatch::kSame);
    EXPECT_EQ(match_host("a.example:80", https, 443), HostMatch::kDifferent);
    EXPECT_EQ(match_host("b.example", https, 443), HostMatch::kDifferent);
    EXPECT_EQ(match_host("a.example.evil.example", https, 443), HostMatch::kDifferent);
    EXPECT_EQ(match_host("", https, 443), HostMatch::kInvalid);
    EXPECT_EQ(match_host("a.example@b", https, 443), HostMatch::kInvalid);
    const auto other_port = *Authority::parse("a.example:8443", 443);
    EXPECT_EQ(match_host("a.example", other_port, 443), HostMatch::kDifferent);
    EXPECT_EQ(match_host("a.example:8443", other_port, 443), HostMatch::kSame);
    const auto v6 = *Authority::parse("[::1]:443", 0);
    EXPECT_EQ(match_host("[0:0::1]", v6, 443), HostMatch::kSame);
}

}  // namespace
}  // namespace botbottle::http
