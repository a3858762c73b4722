// What a block of header fields says, and what it may not say. The table goes through a whole
// session: it does not matter who refuses, nghttp2 or we, only that nobody serves it.
#include <gtest/gtest.h>

#include "pair.h"

namespace botbottle::http2 {
namespace {

using namespace testing;

std::vector<Header> with(std::vector<Header> more, std::vector<Header> head = get()) {
    head.insert(head.end(), more.begin(), more.end());
    return head;
}

// Of the request, as the server's exchange sees it: "ok", "<status> <rule>", or "reset".
std::string verdict(const std::vector<Header>& headers, bool has_body = false) {
    Pair pair;
    const StreamPtr stream = pair.ask(headers, has_body);
    if (!stream) return "reset";
    const http::ProtocolError& error = stream->head_error();
    return error.status == 0 ? "ok" : std::to_string(error.status) + " " + std::string(error.rule);
}

TEST(Http2Request, ReadsAHead) {
    Pair pair;
    const auto stream = pair.ask(with({{"accept", "*/*"}, {"te", "trailers"}}, get("/a?b=c")));
    ASSERT_TRUE(stream);
    const http::RequestHead& head = stream->request();
    EXPECT_EQ(head.method, "GET");
    EXPECT_EQ(head.target, "/a?b=c");
    EXPECT_EQ(head.host, "a.example");
    EXPECT_TRUE(head.accepts_trailers);
    EXPECT_EQ(head.framing.kind, http::BodyKind::kNone);
    ASSERT_EQ(head.fields.size(), 2u);
    EXPECT_EQ(head.fields[0].name, "accept");
}

TEST(Http2Request, JoinsCookieCrumbs) {
    Pair pair;
    const auto stream = pair.ask(with({{"cookie", "a=1"}, {"x", "y"}, {"cookie", "b=2"}}));
    ASSERT_TRUE(stream);
    ASSERT_EQ(stream->request().fields.size(), 2u);
    EXPECT_EQ(stream->request().fields[0].value, "a=1; b=2");
    EXPECT_EQ(stream->request().fields[1].name, "x");
}

TEST(Http2Request, TheBodyIsFramed) {
    Pair pair;
    std::vector<Header> post = get();
    post[0].value = "POST";
    const auto unknown = pair.ask(post, true);
    EXPECT_EQ(unknown->request().framing.kind, http::BodyKind::kChunked);
    const auto known = pair.ask(with({{"content-length", "3"}}, post), true);
    EXPECT_EQ(known->request().framing.length, 3u);
}

TEST(Http2Request, RefusesWhatHttp1WouldMisread) {
    const auto changed = [](std::size_t at, std::string_view value) {
        std::vector<Header> head = get();
        head[at].value = value;
        return head;
    };
    const auto without = [](std::size_t at) {
        std::vector<Header> head = get();
        head.erase(head.begin() + static_cast<std::ptrdiff_t>(at));
        return head;
    };
    const struct {
        const char* what;
        std::vector<Header> headers;
        const char* verdict;
    } rows[] = {
        {"plain", get(), "ok"},
        {"the same host", with({{"host", "A.example"}}), "ok"},
        {"only Host", with({{"host", "a.example"}}, without(2)), "ok"},
        {"asterisk",
         with({},
              {{":method", "OPTIONS"}, {":scheme", "https"}, {":authority", "a"}, {":path", "*"}}),
         "ok"},
        {"another host", with({{"host", "b.example"}}), "421 host_mismatch"},
        {"two hosts", with({{"host", "a.example"}, {"host", "a.example"}}), "reset"},
        {"no authority", without(2), "reset"},
        {"empty authority", changed(2, ""), "reset"},
        {"no scheme", without(1), "reset"},
        {"http", changed(1, "http"), "400 bad_scheme"},
        {"no path", without(3), "reset"},
        {"empty path", changed(3, ""), "reset"},
        {"a relative path", changed(3, "a"), "reset"},
        {"a fragment", changed(3, "/a#b"), "400 bad_target"},
        {"white space in a path", changed(3, "/a b"), "reset"},
        {"a line end in a path", changed(3, "/a\r\nx: y"), "reset"},
        {"asterisk for GET", changed(3, "*"), "reset"},
        {"no method", without(0), "reset"},
        {"a method of white space", changed(0, "GE T"), "reset"},
        {"a long method", changed(0, "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFG"), "501 method_too_long"},
        {"CONNECT", {{":method", "CONNECT"}, {":authority", "a:443"}}, "400 connect_in_tunnel"},
        {"pseudo after regular",
         {{":method", "GET"},
          {":scheme", "https"},
          {"x", "y"},
          {":authority", "a"},
          {":path", "/"}},
         "reset"},
        {"a pseudo-header twice",
         with({}, {{":method", "GET"},
                   {":method", "PUT"},
                   {":scheme", "https"},
                   {":authority", "a"},
                   {":path", "/"}}),
         "reset"},
        {"an unknown pseudo-header",
         {{":method", "GET"},
          {":scheme", "https"},
          {":authority", "a"},
          {":path", "/"},
          {":status", "200"}},
         "reset"},
        {"connection", with({{"connection", "close"}}), "reset"},
        {"transfer-encoding", with({{"transfer-encoding", "chunked"}}), "reset"},
        {"te", with({{"te", "gzip"}}), "reset"},
        {"upgrade", with({{"upgrade", "h2c"}}), "reset"},
        {"a line end in a value", with({{"x", "a\r\nb: c"}}), "reset"},
        {"NUL in a value", with({{"x", std::string_view("a\0b", 3)}}), "reset"},
        {"white space in a name", with({{"x ", "a"}}), "reset"},
        {"two lengths", with({{"content-length", "1"}, {"content-length", "1"}}), "reset"},
        {"a signed length", with({{"content-length", "+1"}}), "reset"},
        {"a length list", with({{"content-length", "0, 0"}}), "reset"},
        {"a disguised length", with({{"content_length", "5"}}), "400 disguised_framing"},
        {"another expectation", with({{"expect", "200-ok"}}), "417 unknown_expectation"},
    };
    for (const auto& row : rows)
        EXPECT_EQ(verdict(row.headers), row.verdict) << row.what;
}

TEST(Http2Request, FieldsAreLimited) {
    std::vector<Header> many(HeadBlock::kMaxFields + 1, {"x", "y"});
    EXPECT_EQ(verdict(with(many)), "431 head_too_large");
}

// What nghttp2's own client would not send.
std::string verdict_of_block(const std::string& block) {
    Session server(Side::kServer);
    constexpr unsigned char kEndsAll = 5;
    server.receive(kPreface + frame(4, 0, 0) + frame(1, kEndsAll, 1, block), {});
    const StreamPtr stream = server.take_request();
    if (!stream) return "reset";
    return std::to_string(stream->head_error().status);
}

TEST(Http2Request, RefusesBlocksThatNoLibraryWrites) {
    const std::string head = "\x82\x87\x84\x41\x01\x61";  // GET, https, /, :authority a
    using namespace std::string_literals;
    EXPECT_EQ(verdict_of_block(head), "0");
    EXPECT_EQ(verdict_of_block(head + "\0\1X\1y"s), "reset");       // upper case
    EXPECT_EQ(verdict_of_block(head + "\0\0\1y"s), "reset");        // no name
    EXPECT_EQ(verdict_of_block(head + "\xbe"s), "reset");           // no such entry
    EXPECT_EQ(verdict_of_block(head + "\0\1x\x7f\x80"s), "reset");  // cut off
    // One field of 3000 bytes in the table, named again and again by one byte each.
    const std::string bomb = "\x40\1x\x7f\xb9\x16"s + std::string(3000, 'v');
    EXPECT_EQ(verdict_of_block(head + bomb), "0");
    EXPECT_EQ(verdict_of_block(head + bomb + std::string(30, '\xbe')), "431");
    EXPECT_EQ(verdict_of_block(head + bomb + std::string(3000, '\xbe')), "reset");
}

TEST(HeadBlock, KeepsNothingBeyondItsLimits) {
    HeadBlock block;
    const std::string value(1000, 'v');
    while (!block.too_large())
        ASSERT_TRUE(block.add("x", value));
    std::size_t more = 0;
    while (block.add("x", value))
        ++more;
    EXPECT_LE(block.bytes(), HeadBlock::kHopeless + 2 * value.size());
    EXPECT_GT(more, 0u);
    http::HeaderFields fields;
    block.read_trailers(fields);
    EXPECT_LE(fields.size() * value.size(), HeadBlock::kMaxBytes);
}

}  // namespace
}  // namespace botbottle::http2
