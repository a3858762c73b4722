// The response side of the vector table, cut in the same ways. An origin's mistake is a 502.
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "feed.h"

namespace botbottle::http::testing {
namespace {

using namespace std::string_view_literals;

struct Vector {
    std::string_view name;
    std::string_view bytes;
    std::string_view rule;  // empty: accepted
    std::string_view heads, body, trailers;
    std::size_t leftover = 0;
    AnsweredMethod answered = AnsweredMethod::kOther;
    bool close = false;  // the origin closes after the bytes
};

const Vector kVectors[] = {
    {"length", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "",
     "200|OK|1.1\nContent-Length: 5\n(length 5)\n", "hello", ""},
    {"more bytes than the length", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhello", "",
     "200|OK|1.1\nContent-Length: 2\n(length 2)\n", "he", "", 3},
    {"chunked with a trailer",
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\ngrpc-status: 0\r\n\r\n",
     "", "200|OK|1.1\nTransfer-Encoding: chunked\n(chunked)\n", "hi", "grpc-status: 0\n"},
    {"until close", "HTTP/1.1 200 OK\r\n\r\nall of it", "", "200|OK|1.1\n(until close)\n",
     "all of it", "", 0, AnsweredMethod::kOther, true},
    {"empty until close", "HTTP/1.0 200 OK\r\n\r\n", "", "200|OK|1.0\n(until close)\n", "", "", 0,
     AnsweredMethod::kOther, true},
    {"no reason phrase", "HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n", "",
     "200||1.1\nContent-Length: 0\n(length 0)\n", "", ""},
    {"no space after the status", "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", "",
     "200||1.1\nContent-Length: 0\n(length 0)\n", "", ""},
    {"spaces and 8-bit in the reason", "HTTP/1.1 404 Not \xe9 Found\r\nContent-Length: 0\r\n\r\n",
     "", "404|Not \xe9 Found|1.1\nContent-Length: 0\n(length 0)\n", "", ""},
    {"answer to HEAD keeps its length", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHTTP", "",
     "200|OK|1.1\nContent-Length: 5\n(none, length 5)\n", "", "", 4, AnsweredMethod::kHead},
    {"answer to HEAD without length", "HTTP/1.1 200 OK\r\n\r\n", "", "200|OK|1.1\n(none)\n", "", "",
     0, AnsweredMethod::kHead},
    {"answer to HEAD with TE", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "",
     "200|OK|1.1\nTransfer-Encoding: chunked\n(none)\n", "", "", 0, AnsweredMethod::kHead},
    {"204", "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nHTTP", "",
     "204|No Content|1.1\nContent-Length: 5\n(none)\n", "", "", 4},
    {"304", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\nHTTP", "",
     "304|Not Modified|1.1\nContent-Length: 5\n(none, length 5)\n", "", "", 4},
    {"101", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nraw", "",
     "101|Switching Protocols|1.1\nUpgrade: x\nConnection: upgrade\n(none)\n", "", "", 3},
    {"CONNECT, 200 with a length", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "",
     "200|OK|1.1\nContent-Length: 5\n(none)\n", "", "", 5, AnsweredMethod::kConnect},
    {"CONNECT, 200 with nonsense",
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: x\r\nContent-Length: y\r\n\r\nhello", "",
     "200|OK|1.1\nTransfer-Encoding: x\nContent-Length: y\n(none)\n", "", "", 5,
     AnsweredMethod::kConnect},
    {"CONNECT, 407 has a body", "HTTP/1.1 407 No\r\nContent-Length: 2\r\n\r\nno", "",
     "407|No|1.1\nContent-Length: 2\n(length 2)\n", "no", "", 0, AnsweredMethod::kConnect},
    {"1xx before the response",
     "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
     "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na",
     "",
     "100|Continue|1.1\n(none)\n103|Early Hints|1.1\nLink: x\n(none)\n"
     "200|OK|1.1\nContent-Length: 1\n(length 1)\n",
     "a", ""},
    {"1xx with a length has no body",
     "HTTP/1.1 103 Early Hints\r\nContent-Length: 4\r\n\r\nHTTP/1.1 204 No\r\n\r\n", "",
     "103|Early Hints|1.1\nContent-Length: 4\n(none)\n204|No|1.1\n(none)\n", "", ""},

    {"CL and TE", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
     "length_and_coding", "", "", ""},
    {"TE xchunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\n", "unknown_coding", "",
     "", ""},
    {"TE chunked, identity", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, identity\r\n\r\n",
     "unknown_coding", "", "", ""},
    {"TE gzip, chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
     "unknown_coding", "", "", ""},
    {"TE in HTTP/1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "coding_in_http10",
     "", "", ""},
    {"two equal CL", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 4\r\n\r\n",
     "duplicate_length", "", "", ""},
    {"CL list", "HTTP/1.1 200 OK\r\nContent-Length: 4, 4\r\n\r\n", "bad_length", "", "", ""},
    {"malformed CL in an answer to HEAD", "HTTP/1.1 200 OK\r\nContent-Length: -4\r\n\r\n",
     "bad_length", "", "", "", 0, AnsweredMethod::kHead},
    {"space before the colon", "HTTP/1.1 200 OK\r\nTransfer-Encoding : chunked\r\n\r\n",
     "space_before_colon", "", "", ""},
    {"obs-fold", "HTTP/1.1 200 OK\r\nX: 1\r\n\t2\r\n\r\n", "folded_header", "", "", ""},
    {"bare LF", "HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n", "bare_line_feed", "", "", ""},
    {"bare CR", "HTTP/1.1 200 OK\r\nX: 1\r2\r\n\r\n", "control_byte", "", "", ""},
    {"NUL", "HTTP/1.1 200 OK\r\nX: \0\r\n\r\n"sv, "control_byte", "", "", ""},
    {"NUL in the reason", "HTTP/1.1 200 O\0K\r\n\r\n"sv, "bad_status_line", "", "", ""},
    {"HTTP/1.2", "HTTP/1.2 200 OK\r\n\r\n", "bad_version", "", "", ""},
    {"HTTP/2.0", "HTTP/2.0 200 OK\r\n\r\n", "bad_version", "", "", ""},
    {"ICY", "ICY 200 OK of a radio\r\n\r\n", "bad_status_line", "", "", ""},
    {"HTTP/0.9", "<html>hello</html>\r\n\r\n", "bad_status_line", "", "", ""},
    {"leading CRLF", "\r\nHTTP/1.1 200 OK\r\n\r\n", "bad_status_line", "", "", ""},
    {"status of two digits", "HTTP/1.1 20 OK\r\n\r\n", "bad_status_line", "", "", ""},
    {"status of four digits", "HTTP/1.1 2000 OK\r\n\r\n", "bad_status_line", "", "", ""},
    {"status 099", "HTTP/1.1 099 OK\r\n\r\n", "bad_status_line", "", "", ""},
    {"two spaces before the status", "HTTP/1.1  200 OK\r\n\r\n", "bad_status_line", "", "", ""},
    {"chunk data not followed by CRLF",
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi0\r\n\r\n", "bad_chunk_end",
     "200|OK|1.1\nTransfer-Encoding: chunked\n(chunked)\n", "hi", ""},
    {"chunk size with a space", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2 \r\nhi",
     "bad_chunk_size", "200|OK|1.1\nTransfer-Encoding: chunked\n(chunked)\n", "", ""},

    {"closed before the response", "", "no_response", "", "", "", 0, AnsweredMethod::kOther, true},
    {"closed in the head", "HTTP/1.1 200 OK\r\nCont", "truncated", "", "", "", 0,
     AnsweredMethod::kOther, true},
    {"closed after 1xx", "HTTP/1.1 100 Continue\r\n\r\n", "truncated", "100|Continue|1.1\n(none)\n",
     "", "", 0, AnsweredMethod::kOther, true},
    {"closed in the length", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", "truncated",
     "200|OK|1.1\nContent-Length: 5\n(length 5)\n", "hell", "", 0, AnsweredMethod::kOther, true},
    {"closed in a chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhell",
     "truncated", "200|OK|1.1\nTransfer-Encoding: chunked\n(chunked)\n", "hell", "", 0,
     AnsweredMethod::kOther, true},
    {"closed before the last chunk",
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "truncated",
     "200|OK|1.1\nTransfer-Encoding: chunked\n(chunked)\n", "hello", "", 0, AnsweredMethod::kOther,
     true},
    {"closed before the end of the trailers",
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: 1\r\n", "truncated",
     "200|OK|1.1\nTransfer-Encoding: chunked\n(chunked)\n", "", "", 0, AnsweredMethod::kOther,
     true},
};

TEST(ResponseVectors, Table) {
    for (const auto& vector : kVectors) {
        Transcript expected;
        expected.heads = vector.heads;
        expected.body = vector.body;
        expected.trailers = vector.trailers;
        expected.leftover = vector.leftover;
        expected.ended = vector.rule.empty();
        expected.status = vector.rule.empty() ? 0 : 502;
        expected.rule = vector.rule;
        for (const auto& cuts : ways_to_cut(vector.bytes.size())) {
            EXPECT_EQ(feed_response(vector.bytes, cuts, vector.answered, vector.close), expected)
                << vector.name;
        }
    }
}

TEST(ResponseVectors, InformationalResponsesAreCounted) {
    std::string bytes;
    for (int i = 0; i < 10; ++i)
        bytes += "HTTP/1.1 103 Early Hints\r\n\r\n";
    const auto ten =
        feed_response(bytes + "HTTP/1.1 204 No\r\n\r\n", {}, AnsweredMethod::kOther, false);
    EXPECT_TRUE(ten.ended);
    const auto eleven = feed_response(bytes + "HTTP/1.1 103 Early Hints\r\n\r\n", {},
                                      AnsweredMethod::kOther, false);
    EXPECT_EQ(eleven.rule, "too_many_informational");
}

TEST(ResponseVectors, ReuseIsDecidedByFramingAndFields) {
    struct Case {
        std::string_view bytes;
        bool keep_alive;
    };
    const Case cases[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", true},
        {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: x, Close\r\n\r\n", false},
        {"HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n", false},
        {"HTTP/1.1 200 OK\r\n\r\n", false},
    };
    for (const auto& [bytes, keep_alive] : cases) {
        ResponseParser parser;
        parser.reset(AnsweredMethod::kOther);
        ASSERT_EQ(parser.next(bytes).kind, EventKind::kHead);
        EXPECT_EQ(parser.head().keep_alive, keep_alive) << bytes;
    }
}

}  // namespace
}  // namespace botbottle::http::testing
