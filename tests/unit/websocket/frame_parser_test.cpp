// What each side may send, as tables; each row whole, byte by byte and in threes.
#include "websocket/frame_parser.h"

#include <gtest/gtest.h>

#include <algorithm>

#include <string>

namespace botbottle::websocket {
namespace {

using namespace std::string_literals;

constexpr Mask kMask{1, 2, 3, 4};

std::string framed(Opcode opcode, bool last, std::string_view payload) {
    std::string out;
    append_frame(out, opcode, last, payload, {});
    return out;
}

std::string masked(Opcode opcode, bool last, std::string_view payload) {
    std::string out;
    append_frame(out, opcode, last, payload, kMask);
    return out;
}

// Messages as "text:…;", "binary:…;"; controls as "ping:…;"; at the end "closed" or "<code>".
std::string transcript(std::string_view bytes, Sender sender, std::size_t piece,
                       const MessageLimits& limits = {}) {
    FrameParser parser(sender, limits);
    std::string out;
    std::string message;
    std::string buffer;
    while (!bytes.empty() || !buffer.empty()) {
        buffer += bytes.substr(0, piece);
        bytes.remove_prefix(std::min(piece, bytes.size()));
        const bool had_more = !bytes.empty();
        for (;;) {
            const FrameEvent event = parser.next(buffer);
            if (event.kind == FrameEventKind::kPiece) {
                message += event.data;
                if (event.last) {
                    out += event.opcode == Opcode::kText ? "text:" : "binary:";
                    out += message + ";";
                    message.clear();
                }
            } else if (event.kind == FrameEventKind::kControl) {
                out += event.opcode == Opcode::kPing   ? "ping:"
                       : event.opcode == Opcode::kPong ? "pong:"
                                                       : "close:";
                out += std::string(event.data) + ";";
            } else if (event.kind == FrameEventKind::kError) {
                EXPECT_FALSE(parser.fault().reason.empty());
                return out + std::to_string(parser.fault().code);
            }
            buffer.erase(0, event.consumed);
            if (event.kind == FrameEventKind::kNeedMore) break;
        }
        if (!had_more) break;
    }
    return out + (parser.closed() ? "closed" : "");
}

void expect_transcript(const char* what, const std::string& bytes, Sender sender,
                       const std::string& expected, const MessageLimits& limits = {}) {
    for (const std::size_t piece : {std::string::npos / 2, std::size_t{1}, std::size_t{3}})
        EXPECT_EQ(transcript(bytes, sender, piece, limits), expected) << what << " in " << piece;
}

TEST(FrameParser, MessagesOfAServer) {
    const struct {
        const char* what;
        std::string bytes;
        std::string expected;
    } rows[] = {
        {"text", framed(Opcode::kText, true, "hello"), "text:hello;"},
        {"empty", framed(Opcode::kText, true, ""), "text:;"},
        {"binary", framed(Opcode::kBinary, true, "\xff\0"s), "binary:\xff\0;"s},
        {"two", framed(Opcode::kText, true, "a") + framed(Opcode::kBinary, true, "b"),
         "text:a;binary:b;"},
        {"fragments",
         framed(Opcode::kText, false, "a") + framed(Opcode::kContinuation, false, "b") +
             framed(Opcode::kContinuation, true, "c"),
         "text:abc;"},
        {"a ping between fragments",
         framed(Opcode::kText, false, "a") + framed(Opcode::kPing, true, "p") +
             framed(Opcode::kContinuation, true, "b"),
         "ping:p;text:ab;"},
        {"a character across fragments",
         framed(Opcode::kText, false, "\xc3") + framed(Opcode::kContinuation, true, "\xa9"),
         "text:\xc3\xa9;"},
        {"an empty end",
         framed(Opcode::kText, false, "a") + framed(Opcode::kContinuation, true, ""), "text:a;"},
        {"medium", framed(Opcode::kText, true, std::string(300, 'x')),
         "text:" + std::string(300, 'x') + ";"},
        {"large", framed(Opcode::kText, true, std::string(70'000, 'x')),
         "text:" + std::string(70'000, 'x') + ";"},
        {"pong", framed(Opcode::kPong, true, std::string(125, 'x')),
         "pong:" + std::string(125, 'x') + ";"},
        {"close", framed(Opcode::kClose, true, ""), "close:;closed"},
        {"close with a reason", framed(Opcode::kClose, true, close_payload(1000, "bye")),
         "close:\x03\xe8"
         "bye;closed"},
        {"nothing after close",
         framed(Opcode::kClose, true, "") + framed(Opcode::kText, true, "more"), "close:;closed"},
    };
    for (const auto& row : rows)
        expect_transcript(row.what, row.bytes, Sender::kServer, row.expected);
}

TEST(FrameParser, MessagesOfAClientAreUnmasked) {
    expect_transcript("text", masked(Opcode::kText, true, "hello"), Sender::kClient, "text:hello;");
    expect_transcript("fragments",
                      masked(Opcode::kBinary, false, "abcde") + masked(Opcode::kPing, true, "p") +
                          masked(Opcode::kContinuation, true, "fg"),
                      Sender::kClient, "ping:p;binary:abcdefg;");
    expect_transcript("close", masked(Opcode::kClose, true, close_payload(4000, "")),
                      Sender::kClient, "close:\x0f\xa0;closed");
}

TEST(FrameParser, RefusesWhatIsNotAFrame) {
    const struct {
        const char* what;
        std::string bytes;
        const char* expected;
    } rows[] = {
        {"first reserved bit (compressed)",
         "\xc1\x01"
         "a"s,
         "1002"},
        {"second reserved bit",
         "\xa1\x01"
         "a"s,
         "1002"},
        {"third reserved bit",
         "\x91\x01"
         "a"s,
         "1002"},
        {"a compressed control frame", "\xc9\x00"s, "1002"},
        {"opcode 3", "\x83\x00"s, "1002"},
        {"opcode 7", "\x87\x00"s, "1002"},
        {"opcode 11", "\x8b\x00"s, "1002"},
        {"opcode 15", "\x8f\x00"s, "1002"},
        {"masked by a server",
         "\x81\x81\0\0\0\0"
         "a"s,
         "1002"},
        {"a fragmented ping", "\x09\x00"s, "1002"},
        {"a long ping", "\x89\x7e\x00\x7e"s + std::string(126, 'x'), "1002"},
        {"a continuation of nothing", framed(Opcode::kContinuation, true, "a"), "1002"},
        {"a continuation after the end",
         framed(Opcode::kText, true, "a") + framed(Opcode::kContinuation, true, "b"),
         "text:a;1002"},
        {"text within a message",
         framed(Opcode::kText, false, "a") + framed(Opcode::kText, true, "b"), "1002"},
        {"binary within a text",
         framed(Opcode::kText, false, "a") + framed(Opcode::kBinary, true, "b"), "1002"},
        {"a padded 16 bit length", "\x81\x7e\x00\x05hello"s, "1002"},
        {"a padded 64 bit length", "\x81\x7f\0\0\0\0\0\0\0\x05hello"s, "1002"},
        {"a negative length", "\x81\x7f\x80\0\0\0\0\0\0\0"s, "1002"},
        {"a huge length", "\x81\x7f\x7f\xff\xff\xff\xff\xff\xff\xff"s, "1009"},
        {"not UTF-8", framed(Opcode::kText, true, "\xff"), "1007"},
        {"cut off UTF-8", framed(Opcode::kText, true, "\xc3"), "1007"},
        {"a surrogate across fragments",
         framed(Opcode::kText, false, "\xed") + framed(Opcode::kContinuation, true, "\xa0\x80"),
         "1007"},
        {"half a close code", framed(Opcode::kClose, true, "\x03"), "1002"},
        {"a close code that is never sent", framed(Opcode::kClose, true, close_payload(1006, "")),
         "1002"},
        {"a close code of nobody", framed(Opcode::kClose, true, close_payload(2000, "")), "1002"},
        {"a close reason that is not UTF-8",
         framed(Opcode::kClose, true, close_payload(1000, "") + "\xff"), "1007"},
    };
    for (const auto& row : rows)
        expect_transcript(row.what, row.bytes, Sender::kServer, row.expected);
    expect_transcript("not masked by a client", framed(Opcode::kText, true, "a"), Sender::kClient,
                      "1002");
    expect_transcript("not masked by a client, empty", framed(Opcode::kPing, true, ""),
                      Sender::kClient, "1002");
}

// Before its length is there: a peer that is wrong need not be heard out.
TEST(FrameParser, TwoBytesAreEnoughToRefuse) {
    FrameParser parser(Sender::kClient);
    EXPECT_EQ(parser.next("\x81\x7f"s).kind, FrameEventKind::kError);
    EXPECT_EQ(parser.next("").kind, FrameEventKind::kError);
}

TEST(FrameParser, MessagesAreLimited) {
    MessageLimits limits;
    limits.message = 10;
    expect_transcript("just", framed(Opcode::kText, true, "0123456789"), Sender::kServer,
                      "text:0123456789;", limits);
    expect_transcript("over", framed(Opcode::kText, true, "0123456789a"), Sender::kServer, "1009",
                      limits);
    const std::string half = framed(Opcode::kText, false, "012345");
    expect_transcript("over in fragments", half + framed(Opcode::kContinuation, true, "67890"),
                      Sender::kServer, "1009", limits);
    expect_transcript("each its own", half + framed(Opcode::kContinuation, true, "") + half,
                      Sender::kServer, "text:012345;", limits);
    // A ping is not part of the message.
    expect_transcript("pings", framed(Opcode::kPing, true, "0123456789abc"), Sender::kServer,
                      "ping:0123456789abc;", limits);
}

TEST(FrameParser, EmptyFragmentsAreLimited) {
    std::string bytes = framed(Opcode::kText, false, "");
    for (int i = 0; i < 99; ++i)
        bytes += framed(Opcode::kContinuation, false, "");
    expect_transcript("a hundred", bytes + framed(Opcode::kContinuation, true, "x"),
                      Sender::kServer, "text:x;");
    bytes += framed(Opcode::kContinuation, false, "");
    expect_transcript("one more", bytes, Sender::kServer, "1008");
}

TEST(FrameParser, PiecesComeAsTheyArrive) {
    FrameParser parser(Sender::kServer);
    std::string frame = framed(Opcode::kText, true, "abcdef");
    FrameEvent event = parser.next(frame.substr(0, 4));
    EXPECT_EQ(event.kind, FrameEventKind::kPiece);
    EXPECT_EQ(event.data, "ab");
    EXPECT_FALSE(event.last);
    frame.erase(0, event.consumed);
    event = parser.next(frame);
    EXPECT_EQ(event.data, "cdef");
    EXPECT_TRUE(event.last);
    EXPECT_EQ(event.opcode, Opcode::kText);
}

}  // namespace
}  // namespace botbottle::websocket
