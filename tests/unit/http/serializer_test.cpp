// What is written can be read in one way, and reads back as what was meant.
#include "http/serializer.h"

#include <gtest/gtest.h>

#include <string>

namespace botbottle::http {
namespace {

using namespace std::string_view_literals;

const RequestLine kLine = {"POST", "/a?b", "a.example"};

TEST(Serializer, WritesRequests) {
    std::string out = "before";
    const HeaderField credential("Authorization", "Bearer x");
    ASSERT_TRUE(append_request_head(out, kLine, {{"Accept", "*/*"}}, {BodyKind::kLength, 5}, {},
                                    &credential));
    EXPECT_EQ(out,
              "beforePOST /a?b HTTP/1.1\r\nHost: a.example\r\nAccept: */*\r\nContent-Length: 5\r\n"
              "Authorization: Bearer x\r\n\r\n");
    out.clear();
    ASSERT_TRUE(append_request_head(out, kLine, {{"TE", "trailers"}}, {BodyKind::kChunked, {}},
                                    "websocket", nullptr));
    EXPECT_EQ(
        out,
        "POST /a?b HTTP/1.1\r\nHost: a.example\r\nTE: trailers\r\n"
        "Transfer-Encoding: chunked\r\nConnection: TE, Upgrade\r\nUpgrade: websocket\r\n\r\n");
    out.clear();
    ASSERT_TRUE(append_request_head(out, {"GET", "/", "a"}, {}, {}, {}, nullptr));
    EXPECT_EQ(out, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
}

TEST(Serializer, WritesResponses) {
    struct Case {
        Framing framing;
        bool keep_alive;
        std::string_view upgrade;
        std::string_view rest;
    };
    const Case cases[] = {
        {{BodyKind::kLength, 0}, true, "", "Content-Length: 0\r\n\r\n"},
        {{BodyKind::kNone, 7}, true, "", "Content-Length: 7\r\n\r\n"},
        {{BodyKind::kNone, {}}, true, "", "\r\n"},
        {{BodyKind::kChunked, {}},
         false,
         "",
         "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"},
        {{BodyKind::kUntilClose, {}}, true, "", "Connection: close\r\n\r\n"},
        {{BodyKind::kNone, {}},
         true,
         "websocket",
         "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"},
    };
    for (const auto& row : cases) {
        std::string out;
        ASSERT_TRUE(append_response_head(out, 200, "OK", {{"A", "b"}}, row.framing, row.keep_alive,
                                         row.upgrade));
        EXPECT_EQ(out, "HTTP/1.1 200 OK\r\nA: b\r\n" + std::string(row.rest));
    }
}

TEST(Serializer, WritesChunks) {
    ChunkLine storage;
    EXPECT_EQ(chunk_line(1, storage), "1\r\n");
    EXPECT_EQ(chunk_line(65536, storage), "10000\r\n");
    EXPECT_EQ(chunk_line(SIZE_MAX, storage), "ffffffffffffffff\r\n");
    std::string out;
    ASSERT_TRUE(append_last_chunk(out, {{"grpc-status", "0"}}));
    EXPECT_EQ(out, "0\r\ngrpc-status: 0\r\n\r\n");
}

TEST(Serializer, NeverWritesWhatWouldEndALine) {
    std::string out = "untouched";
    for (const auto value : {"a\r\nX: y"sv, "a\n"sv, "a\0"sv, "a\r"sv, "\x7f"sv}) {
        const HeaderField bad("X", value);
        EXPECT_FALSE(append_request_head(out, kLine, {bad}, {}, {}, nullptr));
        EXPECT_FALSE(append_request_head(out, kLine, {}, {}, {}, &bad));
        EXPECT_FALSE(append_request_head(out, kLine, {}, {}, value, nullptr));
        EXPECT_FALSE(append_request_head(out, {"GET", "/", value}, {}, {}, {}, nullptr));
        EXPECT_FALSE(append_request_head(out, {"GET", value, "a"}, {}, {}, {}, nullptr));
        EXPECT_FALSE(append_request_head(out, {value, "/", "a"}, {}, {}, {}, nullptr));
        EXPECT_FALSE(append_response_head(out, 200, value, {}, {}, true, {}));
        EXPECT_FALSE(append_response_head(out, 200, "", {bad}, {}, true, {}));
        EXPECT_FALSE(append_response_head(out, 200, "", {}, {}, true, value));
        EXPECT_FALSE(append_last_chunk(out, {bad}));
    }
    for (const auto name : {"a b"sv, "a:"sv, ""sv, "a\r\nb"sv}) {
        EXPECT_FALSE(append_request_head(out, kLine, {{name, "x"}}, {}, {}, nullptr));
    }
    for (const auto name :
         {"Host"sv, "content-length"sv, "Transfer_Encoding"sv, "Connection"sv, "Upgrade"sv}) {
        EXPECT_FALSE(append_request_head(out, kLine, {{name, "x"}}, {}, {}, nullptr)) << name;
    }
    EXPECT_FALSE(append_request_head(out, {"GET", "/ HTTP/1.1", "a"}, {}, {}, {}, nullptr));
    EXPECT_FALSE(append_request_head(out, {"GET", "/", ""}, {}, {}, {}, nullptr));
    EXPECT_FALSE(append_response_head(out, 99, "", {}, {}, true, {}));
    EXPECT_FALSE(append_response_head(out, 1000, "", {}, {}, true, {}));
    EXPECT_EQ(out, "untouched");
}

TEST(Serializer, RoundTrip) {
    const std::string bytes =
        "POST http://A.example/x?y HTTP/1.1\r\nhost: A.EXAMPLE\r\nX:  1\r\n"
        "Content-Length: 007\r\n\r\n";
    RequestParser parser;
    ASSERT_EQ(parser.next(bytes).kind, EventKind::kHead);
    auto& head = parser.head();
    std::erase_if(head.fields,
                  [](const HeaderField& field) { return field.id != HeaderId::kOther; });
    std::string out;
    ASSERT_TRUE(append_request_head(out, {head.method, head.target, head.authority->text_for(80)},
                                    head.fields, head.framing, {}, nullptr));
    EXPECT_EQ(out, "POST /x?y HTTP/1.1\r\nHost: a.example\r\nX: 1\r\nContent-Length: 7\r\n\r\n");
}

TEST(Serializer, KnowsReasons) {
    EXPECT_EQ(reason_phrase(421), "Misdirected Request");
    EXPECT_EQ(reason_phrase(299), "");
}

}  // namespace
}  // namespace botbottle::http
