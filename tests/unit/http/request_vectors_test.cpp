// The request side of the vector table: each one whole, byte by byte and in random pieces, with the
// same outcome. What both packaged parsers of 2023 got wrong (Beast 1.81, http_parser 2.9.4) comes
// first.
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "feed.h"

namespace botbottle::http::testing {
namespace {

using namespace std::string_view_literals;

struct Refused {
    std::string_view name;
    std::string_view bytes;
    int status;
    std::string_view rule;
};

const Refused kRefused[] = {
    // framing
    {"CL and TE",
     "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: "
     "chunked\r\n\r\n0\r\n\r\n",
     400, "length_and_coding"},
    {"TE and CL",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: "
     "5\r\n\r\n0\r\n\r\n",
     400, "length_and_coding"},
    {"TE xchunked", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n5\r\nhello",
     501, "unknown_coding"},
    {"TE chunked, identity",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", 501,
     "unknown_coding"},
    {"TE gzip, chunked",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501,
     "unknown_coding"},
    {"TE identity, chunked",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n", 501,
     "unknown_coding"},
    {"TE identity", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n", 501,
     "unknown_coding"},
    {"TE chunked, chunked",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 501,
     "unknown_coding"},
    {"TE quoted", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \"chunked\"\r\n\r\n", 501,
     "unknown_coding"},
    {"TE with a parameter", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked;q=1\r\n\r\n",
     501, "unknown_coding"},
    {"TE empty", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n\r\n", 501, "unknown_coding"},
    {"TE with a vertical tab", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \vchunked\r\n\r\n",
     400, "control_byte"},
    {"two TE",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: "
     "chunked\r\n\r\n",
     400, "duplicate_coding"},
    {"TE chunked and TE identity",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: "
     "identity\r\n\r\n",
     400, "duplicate_coding"},
    {"HTTP/1.0 with TE",
     "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400,
     "coding_in_http10"},
    {"space before the colon of TE",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400,
     "space_before_colon"},
    {"tab before the colon", "GET / HTTP/1.1\r\nHost\t: a\r\n\r\n", 400, "space_before_colon"},
    {"Transfer_Encoding", "POST / HTTP/1.1\r\nHost: a\r\nTransfer_Encoding: chunked\r\n\r\n", 400,
     "disguised_framing"},
    {"Content_Length",
     "POST / HTTP/1.1\r\nHost: a\r\nContent_Length: 5\r\nContent-Length: 0\r\n\r\nhello", 400,
     "disguised_framing"},
    {"two equal CL",
     "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nContent-Length: 4\r\n\r\nabcd", 400,
     "duplicate_length"},
    {"two CL", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcd",
     400, "duplicate_length"},
    {"CL list", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4, 4\r\n\r\nabcd", 400,
     "bad_length"},
    {"CL with a sign", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +4\r\n\r\nabcd", 400,
     "bad_length"},
    {"CL negative", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400, "bad_length"},
    {"CL hexadecimal", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x4\r\n\r\n", 400,
     "bad_length"},
    {"CL with a space", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4 4\r\n\r\n", 400,
     "bad_length"},
    {"CL empty", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n", 400, "bad_length"},
    {"CL 2^63", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9223372036854775808\r\n\r\n", 400,
     "bad_length"},
    {"CL 2^64 + 4", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551620\r\n\r\n",
     400, "bad_length"},
    {"CONNECT with a body", "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\nContent-Length: 3\r\n\r\nabc",
     400, "connect_with_body"},
    {"CONNECT with TE",
     "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\nTransfer-Encoding: chunked\r\n\r\n", 400,
     "connect_with_body"},
    // lines
    {"obs-fold", "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n 2\r\n\r\n", 400, "folded_header"},
    {"obs-fold of TE", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n chunked\r\n\r\n", 400,
     "folded_header"},
    {"first line folded", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400, "folded_header"},
    {"bare LF after the request line", "GET / HTTP/1.1\nHost: a\r\n\r\n", 400, "bare_line_feed"},
    {"bare LF after a header", "GET / HTTP/1.1\r\nHost: a\n\r\n", 400, "bare_line_feed"},
    {"bare LF at the end", "GET / HTTP/1.1\r\nHost: a\r\n\n", 400, "bare_line_feed"},
    {"only LF", "GET / HTTP/1.1\nHost: a\n\n", 400, "bare_line_feed"},
    {"bare CR in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r2\r\n\r\n", 400, "control_byte"},
    {"CR CR LF", "GET / HTTP/1.1\r\nHost: a\r\r\n\r\n", 400, "control_byte"},
    {"NUL in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: 1\0002\r\n\r\n"sv, 400, "control_byte"},
    {"DEL in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: \x7f\r\n\r\n", 400, "control_byte"},
    {"escape in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: \x1b[0m\r\n\r\n", 400, "control_byte"},
    {"NUL in a name", "GET / HTTP/1.1\r\nHost: a\r\nX\0: 1\r\n\r\n"sv, 400, "bad_header_name"},
    {"8-bit in a name", "GET / HTTP/1.1\r\nHost: a\r\nX\xe9: 1\r\n\r\n", 400, "bad_header_name"},
    {"no name", "GET / HTTP/1.1\r\nHost: a\r\n: 1\r\n\r\n", 400, "bad_header_name"},
    {"no colon", "GET / HTTP/1.1\r\nHost: a\r\nnonsense\r\n\r\n", 400, "bad_header_name"},
    {"space in a name", "GET / HTTP/1.1\r\nHost: a\r\nX Y: 1\r\n\r\n", 400, "space_before_colon"},
    // Host
    {"no Host", "GET / HTTP/1.1\r\n\r\n", 400, "missing_host"},
    {"two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, "duplicate_host"},
    {"two equal Hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400, "duplicate_host"},
    {"two Hosts in HTTP/1.0", "GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", 400,
     "duplicate_host"},
    {"empty Host", "GET / HTTP/1.1\r\nHost: \r\n\r\n", 400, "bad_host"},
    {"Host differs from the absolute form", "GET http://a.example/ HTTP/1.1\r\nHost: b\r\n\r\n",
     421, "host_mismatch"},
    {"the port of Host differs", "GET http://a.example/ HTTP/1.1\r\nHost: a.example:81\r\n\r\n",
     421, "host_mismatch"},
    {"Host differs from CONNECT", "CONNECT a:443 HTTP/1.1\r\nHost: b:443\r\n\r\n", 421,
     "host_mismatch"},
    {"the port of Host differs from CONNECT", "CONNECT a:443 HTTP/1.1\r\nHost: a:80\r\n\r\n", 421,
     "host_mismatch"},
    {"malformed Host", "GET http://a.example/ HTTP/1.1\r\nHost: a@b\r\n\r\n", 400, "bad_host"},
    // the request line
    {"double space before the target", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400,
     "bad_request_line"},
    {"double space before the version", "GET /  HTTP/1.1\r\nHost: a\r\n\r\n", 400,
     "bad_request_line"},
    {"space after the version", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400, "bad_request_line"},
    {"tab as separator", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", 400, "bad_request_line"},
    {"leading space", " GET / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "bad_request_line"},
    {"space in the target", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400, "bad_request_line"},
    {"HTTP/0.9", "GET /\r\n", 400, "bad_request_line"},
    {"HTTP/0.9 with a space", "GET / \r\n", 400, "bad_request_line"},
    {"HTTP/1.2", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", 505, "bad_version"},
    {"HTTP/2.0 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "bad_version"},
    {"HTTP/0.9 by name", "GET / HTTP/0.9\r\n\r\n", 505, "bad_version"},
    {"HTTP/1.10", "GET / HTTP/1.10\r\nHost: a\r\n\r\n", 400, "bad_request_line"},
    {"HTTP/01.1", "GET / HTTP/01.1\r\nHost: a\r\n\r\n", 400, "bad_request_line"},
    {"lower-case http", "GET / http/1.1\r\nHost: a\r\n\r\n", 400, "bad_request_line"},
    {"no method", "/ HTTP/1.1\r\nHost: a\r\n\r\n", 400, "bad_request_line"},
    {"method with a colon", "GE:T / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "bad_request_line"},
    {"method of 33 characters", "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFG / HTTP/1.1\r\nHost: a\r\n\r\n",
     501, "method_too_long"},
    {"two leading CRLF", "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "bad_request_line"},
    {"leading LF", "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "bare_line_feed"},
    {"leading CR", "\rGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "bad_request_line"},
    {"TLS in clear", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n"sv, 400, "bare_line_feed"},
    // the target
    {"fragment", "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", 400, "bad_target"},
    {"8-bit", "GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n", 400, "bad_target"},
    {"NUL", "GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n"sv, 400, "bad_target"},
    {"quote", "GET /\" HTTP/1.1\r\nHost: a\r\n\r\n", 400, "bad_target"},
    {"angle bracket", "GET /<a> HTTP/1.1\r\nHost: a\r\n\r\n", 400, "bad_target"},
    {"backslash", "GET /a\\b HTTP/1.1\r\nHost: a\r\n\r\n", 400, "bad_target"},
    {"caret", "GET /^ HTTP/1.1\r\nHost: a\r\n\r\n", 400, "bad_target"},
    {"backtick", "GET /` HTTP/1.1\r\nHost: a\r\n\r\n", 400, "bad_target"},
    {"brace", "GET /{a} HTTP/1.1\r\nHost: a\r\n\r\n", 400, "bad_target"},
    {"pipe in the query", "GET /?a|b HTTP/1.1\r\nHost: a\r\n\r\n", 400, "bad_target"},
    {"asterisk without OPTIONS", "GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400, "bad_target"},
    {"authority without CONNECT", "GET a.example:80 HTTP/1.1\r\nHost: a\r\n\r\n", 400,
     "bad_target"},
    {"relative", "GET a/b HTTP/1.1\r\nHost: a\r\n\r\n", 400, "bad_target"},
    {"https without CONNECT", "GET https://a.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n", 400,
     "https_without_connect"},
    {"ftp", "GET ftp://a.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n", 400, "bad_target"},
    {"user info", "GET http://u:p@a.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n", 400,
     "bad_authority"},
    {"no host in the URL", "GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n", 400, "bad_authority"},
    {"numeric host", "GET http://2130706433/ HTTP/1.1\r\nHost: a\r\n\r\n", 400, "bad_authority"},
    {"zone id", "GET http://[fe80::1%25eth0]/ HTTP/1.1\r\nHost: a\r\n\r\n", 400, "bad_authority"},
    {"query without path", "GET http://a.example?q HTTP/1.1\r\nHost: a.example\r\n\r\n", 400,
     "bad_target"},
    {"CONNECT without a port", "CONNECT a.example HTTP/1.1\r\nHost: a.example\r\n\r\n", 400,
     "bad_authority"},
    {"CONNECT with a path", "CONNECT a.example:443/ HTTP/1.1\r\nHost: a.example\r\n\r\n", 400,
     "bad_authority"},
    {"CONNECT with a URL", "CONNECT http://a.example:443 HTTP/1.1\r\nHost: a.example\r\n\r\n", 400,
     "bad_authority"},
    {"CONNECT with user info", "CONNECT u@a.example:443 HTTP/1.1\r\nHost: a.example\r\n\r\n", 400,
     "bad_authority"},
    // others
    {"unknown expectation",
     "POST / HTTP/1.1\r\nHost: a\r\nExpect: 200-ok\r\nContent-Length: 1\r\n\r\na", 417,
     "unknown_expectation"},
    // chunks
    {"chunk size with a trailing space",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5 \r\nhello\r\n0\r\n\r\n",
     400, "bad_chunk_size"},
    {"chunk size with a leading space",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n 5\r\nhello\r\n0\r\n\r\n",
     400, "bad_chunk_size"},
    {"chunk size with 0x",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n",
     400, "bad_chunk_size"},
    {"chunk size with a sign",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n+5\r\nhello\r\n0\r\n\r\n",
     400, "bad_chunk_size"},
    {"negative chunk size",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n0\r\n\r\n",
     400, "bad_chunk_size"},
    {"no chunk size",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\r\nhello\r\n0\r\n\r\n", 400,
     "bad_chunk_size"},
    {"no chunk size but an extension",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n;a=1\r\nhello\r\n0\r\n\r\n",
     400, "bad_chunk_size"},
    {"chunk size of 17 digits",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
     "00000000000000005\r\nhello\r\n0\r\n\r\n",
     400, "bad_chunk_size"},
    {"chunk size above 2^63",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nhello",
     400, "bad_chunk_size"},
    {"chunk line ends in LF",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\nhello\r\n0\r\n\r\n", 400,
     "bad_chunk_size"},
    {"chunk line ends in CR and something",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\rxhello\r\n0\r\n\r\n", 400,
     "bad_chunk_line"},
    {"chunk extension then LF",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;a\nhello\r\n0\r\n\r\n", 400,
     "bad_chunk_extension"},
    {"NUL in a chunk extension",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;a\0\r\nhello\r\n0\r\n\r\n"sv,
     400, "bad_chunk_extension"},
    {"chunk data followed by more data",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloXX0\r\n\r\n", 400,
     "bad_chunk_end"},
    {"chunk data followed by a byte and LF",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloX\n0\r\n\r\n", 400,
     "bad_chunk_end"},
    {"chunk data followed by LF",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\n0\r\n\r\n", 400,
     "bad_chunk_end"},
    {"chunk data followed by CR",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r0\r\n\r\n", 400,
     "bad_chunk_end"},
    {"trailer with a bare LF",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: 1\n\r\n", 400,
     "bare_line_feed"},
    {"folded trailer",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: 1\r\n 2\r\n\r\n", 400,
     "folded_header"},
    {"space before a trailer's colon",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX : 1\r\n\r\n", 400,
     "space_before_colon"},
};

TEST(RequestVectors, Refused) {
    for (const auto& vector : kRefused) {
        for (const auto& cuts : ways_to_cut(vector.bytes.size())) {
            const auto transcript = feed_request(vector.bytes, cuts);
            EXPECT_EQ(transcript.status, vector.status) << vector.name << "\n" << transcript;
            EXPECT_EQ(transcript.rule, vector.rule) << vector.name;
            EXPECT_FALSE(transcript.ended) << vector.name;
        }
    }
}

struct Accepted {
    std::string_view name;
    std::string_view bytes;
    std::string_view heads;
    std::string_view body;
    std::string_view trailers;
    std::size_t leftover;
};

const Accepted kAccepted[] = {
    {"GET", "GET /a?b=c HTTP/1.1\r\nHost: a.example\r\n\r\n",
     "GET||/a?b=c|1.1\nHost: a.example\n(none)\n", "", "", 0},
    {"one leading CRLF", "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET||/|1.1\nHost: a\n(none)\n",
     "", "", 0},
    {"white space around a value", "GET / HTTP/1.1\r\nHost:a\r\nX: \t b \t\r\nY:\r\nZ:   \r\n\r\n",
     "GET||/|1.1\nHost: a\nX: b\nY: \nZ: \n(none)\n", "", "", 0},
    {"8-bit in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: \xc3\xa9\r\n\r\n",
     "GET||/|1.1\nHost: a\nX: \xc3\xa9\n(none)\n", "", "", 0},
    {"tab in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: a\tb\r\n\r\n",
     "GET||/|1.1\nHost: a\nX: a\tb\n(none)\n", "", "", 0},
    {"lower-case method is another method", "get / HTTP/1.1\r\nHost: a\r\n\r\n",
     "get||/|1.1\nHost: a\n(none)\n", "", "", 0},
    {"unknown method", "M-SEARCH / HTTP/1.1\r\nHost: a\r\n\r\n",
     "M-SEARCH||/|1.1\nHost: a\n(none)\n", "", "", 0},
    {"HTTP/1.0 without Host", "GET / HTTP/1.0\r\n\r\n", "GET||/|1.0\n(none)\n", "", "", 0},
    {"brackets in the target", "GET /a[1]?b[]=c HTTP/1.1\r\nHost: a\r\n\r\n",
     "GET||/a[1]?b[]=c|1.1\nHost: a\n(none)\n", "", "", 0},
    {"absolute form", "GET http://A.Example:8080/x?y HTTP/1.1\r\nHost: a.example:8080\r\n\r\n",
     "GET|a.example:8080|/x?y|1.1\nHost: a.example:8080\n(none)\n", "", "", 0},
    {"absolute form, other spelling of Host",
     "GET HTTP://a.example/ HTTP/1.1\r\nHost: A.EXAMPLE.:80\r\n\r\n",
     "GET|a.example:80|/|1.1\nHost: A.EXAMPLE.:80\n(none)\n", "", "", 0},
    {"absolute form without a path", "GET http://a.example HTTP/1.1\r\nHost: a.example\r\n\r\n",
     "GET|a.example:80|/|1.1\nHost: a.example\n(none)\n", "", "", 0},
    {"CONNECT", "CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n\x16\x03",
     "CONNECT|a.example:443||1.1\nHost: a.example:443\n(none)\n", "", "", 2},
    {"CONNECT, Host without port", "CONNECT a.example:443 HTTP/1.1\r\nHost: a.example\r\n\r\n",
     "CONNECT|a.example:443||1.1\nHost: a.example\n(none)\n", "", "", 0},
    {"CONNECT of HTTP/1.0", "CONNECT [::1]:443 HTTP/1.0\r\n\r\n",
     "CONNECT|[::1]:443||1.0\n(none)\n", "", "", 0},
    {"OPTIONS *", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "OPTIONS||*|1.1\nHost: a\n(none)\n", "",
     "", 0},
    {"length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloGET / ",
     "POST||/|1.1\nHost: a\nContent-Length: 5\n(length 5)\n", "hello", "", 6},
    {"length 0", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\nG",
     "POST||/|1.1\nHost: a\nContent-Length: 0\n(length 0)\n", "", "", 1},
    {"body of a GET", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab",
     "GET||/|1.1\nHost: a\nContent-Length: 2\n(length 2)\n", "ab", "", 0},
    {"chunked",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n"
     "5\r\nhello\r\nA;ext=\"v\"\r\n0123456789\r\n00\r\n\r\nGET",
     "POST||/|1.1\nHost: a\nTransfer-Encoding: Chunked\n(chunked)\n", "hello0123456789", "", 3},
    {"chunk data that looks like framing",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
     "9\r\n\r\n0\r\n\r\nab\r\n0\r\n\r\n",
     "POST||/|1.1\nHost: a\nTransfer-Encoding: chunked\n(chunked)\n", "\r\n0\r\n\r\nab", "", 0},
    {"chunk size of 16 digits",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
     "0000000000000003\r\nabc\r\n0\r\n\r\n",
     "POST||/|1.1\nHost: a\nTransfer-Encoding: chunked\n(chunked)\n", "abc", "", 0},
    {"chunked trailer",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
     "3\r\nabc\r\n0;last\r\nX-Sum: 1\r\nAuthorization: secret\r\n\r\nrest",
     "POST||/|1.1\nHost: a\nTransfer-Encoding: chunked\n(chunked)\n", "abc",
     "X-Sum: 1\nAuthorization: secret\n", 4},
};

TEST(RequestVectors, Accepted) {
    for (const auto& vector : kAccepted) {
        for (const auto& cuts : ways_to_cut(vector.bytes.size())) {
            const auto transcript = feed_request(vector.bytes, cuts);
            EXPECT_EQ(transcript.status, 0) << vector.name << ": " << transcript.rule;
            EXPECT_EQ(transcript.heads, vector.heads) << vector.name;
            EXPECT_EQ(transcript.body, vector.body) << vector.name;
            EXPECT_EQ(transcript.trailers, vector.trailers) << vector.name;
            EXPECT_TRUE(transcript.ended) << vector.name;
            EXPECT_EQ(transcript.leftover, vector.leftover) << vector.name;
        }
    }
}

// No prefix of a good request is taken for a whole one, and none is refused.
TEST(RequestVectors, PrefixesWait) {
    for (const auto& vector : kAccepted) {
        const auto size = vector.bytes.size() - vector.leftover;
        for (std::size_t cut = 0; cut < size; ++cut) {
            const auto transcript = feed_request(vector.bytes.substr(0, cut), {});
            EXPECT_EQ(transcript.status, 0) << vector.name << " at " << cut << transcript.rule;
            EXPECT_FALSE(transcript.ended) << vector.name << " at " << cut;
        }
    }
}

std::string many(std::string_view piece, std::size_t count) {
    std::string out;
    for (std::size_t i = 0; i < count; ++i)
        out += piece;
    return out;
}

TEST(RequestVectors, Limits) {
    struct Case {
        std::string name;
        std::string bytes;
        int status;
        std::string rule;
    };
    const std::string chunked = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    const std::string line(16 * 1024 - std::string("GET / HTTP/1.1").size(), 'a');
    const std::string head = "GET / HTTP/1.1\r\nHost: a\r\nX: ";
    const std::string value(64 * 1024 - head.size() - 4, 'v');
    const Case cases[] = {
        {"longest request line", "GET /" + line + " HTTP/1.1\r\nHost: a\r\n\r\n", 0, ""},
        {"request line too long", "GET /" + line + "a HTTP/1.1\r\nHost: a\r\n\r\n", 414,
         "start_line_too_long"},
        {"endless request line", "GET /" + many("a", 20000), 414, "start_line_too_long"},
        {"largest head", head + value + "\r\n\r\n", 0, ""},
        {"head too large", head + value + "v\r\n\r\n", 431, "header_too_large"},
        {"endless header", head + many("v", 70000), 431, "header_too_large"},
        {"200 fields", "GET / HTTP/1.1\r\nHost: a\r\n" + many("A: b\r\n", 199) + "\r\n", 0, ""},
        {"201 fields", "GET / HTTP/1.1\r\nHost: a\r\n" + many("A: b\r\n", 200) + "\r\n", 431,
         "too_many_headers"},
        {"method of 32 characters",
         "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEF / HTTP/1.1\r\nHost: a\r\n\r\n", 0, ""},
        {"32 connection options",
         "GET / HTTP/1.1\r\nHost: a\r\nConnection: " + many("x,", 32) + "\r\n\r\n", 0, ""},
        {"33 connection options",
         "GET / HTTP/1.1\r\nHost: a\r\nConnection: " + many("x,", 33) + "\r\n\r\n", 400,
         "too_many_connection_options"},
        {"chunk extension of 256 bytes", chunked + "1;" + many("e", 256) + "\r\na\r\n0\r\n\r\n", 0,
         ""},
        {"chunk extension of 257 bytes", chunked + "1;" + many("e", 257) + "\r\na\r\n0\r\n\r\n",
         400, "chunk_extension_too_large"},
        {"16 KiB of chunk extensions",
         chunked + many("1;" + many("e", 256) + "\r\na\r\n", 64) + "0\r\n\r\n", 0, ""},
        {"more chunk extensions", chunked + many("1;" + many("e", 256) + "\r\na\r\n", 65), 400,
         "chunk_extension_too_large"},
        {"64 trailers", chunked + "0\r\n" + many("A: b\r\n", 64) + "\r\n", 0, ""},
        {"65 trailers", chunked + "0\r\n" + many("A: b\r\n", 65) + "\r\n", 431, "too_many_headers"},
        {"trailer too large", chunked + "0\r\nA: " + many("b", 8192) + "\r\n\r\n", 431,
         "trailer_too_large"},
    };
    for (const auto& [name, bytes, status, rule] : cases) {
        std::vector<std::size_t> pieces;
        for (std::size_t at = 997; at < bytes.size(); at += 997)
            pieces.push_back(at);
        for (const auto& cuts : {std::vector<std::size_t>{}, pieces}) {
            const auto transcript = feed_request(bytes, cuts);
            EXPECT_EQ(transcript.status, status) << name << ": " << transcript.rule;
            EXPECT_EQ(transcript.rule, rule) << name;
            EXPECT_EQ(transcript.ended, status == 0) << name;
        }
    }
}

TEST(RequestVectors, BodyLimit) {
    Limits limits;
    limits.body = 4;
    const std::string chunked = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (const auto& cuts : ways_to_cut(60)) {
        EXPECT_TRUE(feed_request(chunked + "2\r\nab\r\n2\r\ncd\r\n0\r\n\r\n", cuts, limits).ended);
        EXPECT_EQ(feed_request(chunked + "2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n", cuts, limits).status,
                  413);
    }
    const std::string length = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ";
    EXPECT_TRUE(feed_request(length + "4\r\n\r\nabcd", {}, limits).ended);
    EXPECT_EQ(feed_request(length + "5\r\n\r\n", {}, limits).rule, "body_too_large");
}

}  // namespace
}  // namespace botbottle::http::testing
