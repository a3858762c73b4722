// Frames as RFC 6455 5.7 prints them, and the three ways to write a length.
#include "websocket/frame.h"

#include <gtest/gtest.h>

namespace botbottle::websocket {
namespace {

std::string framed(Opcode opcode, bool last, std::string_view payload,
                   const std::optional<Mask>& mask = {}) {
    std::string out;
    append_frame(out, opcode, last, payload, mask);
    return out;
}

TEST(Frame, ExamplesOfTheRfc) {
    EXPECT_EQ(framed(Opcode::kText, true, "Hello"), "\x81\x05Hello");
    EXPECT_EQ(framed(Opcode::kText, true, "Hello", Mask{0x37, 0xfa, 0x21, 0x3d}),
              "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
    EXPECT_EQ(framed(Opcode::kText, false, "Hel"), "\x01\x03Hel");
    EXPECT_EQ(framed(Opcode::kContinuation, true, "lo"), "\x80\x02lo");
    EXPECT_EQ(framed(Opcode::kPing, true, "Hello"), "\x89\x05Hello");
}

TEST(Frame, LengthsAreShortest) {
    const auto head = [](std::size_t size) {
        const std::string made = framed(Opcode::kBinary, true, std::string(size, 'x'));
        return made.substr(0, made.size() - size);
    };
    using namespace std::string_literals;
    EXPECT_EQ(head(0), "\x82\x00"s);
    EXPECT_EQ(head(125), "\x82\x7d");
    EXPECT_EQ(head(126), "\x82\x7e\x00\x7e"s);
    EXPECT_EQ(head(65535), "\x82\x7e\xff\xff");
    EXPECT_EQ(head(65536), "\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00"s);
}

TEST(Frame, CloseReasonsFit) {
    EXPECT_EQ(close_payload(1000, "bye"),
              "\x03\xe8"
              "bye");
    EXPECT_EQ(close_payload(1000, std::string(200, 'x')).size(), kMaxControlPayload);
    std::string reason(122, 'x');
    reason += "\xc3\xa9";  // two bytes, of which one would fit
    EXPECT_EQ(close_payload(1000, reason).substr(2), std::string(122, 'x'));
}

TEST(Frame, CodesThatMayBeSent) {
    for (const int code : {1000, 1001, 1002, 1003, 1007, 1008, 1011, 1014, 3000, 4999})
        EXPECT_TRUE(may_be_sent(static_cast<std::uint16_t>(code))) << code;
    for (const int code : {0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535})
        EXPECT_FALSE(may_be_sent(static_cast<std::uint16_t>(code))) << code;
}

}  // namespace
}  // namespace botbottle::websocket
