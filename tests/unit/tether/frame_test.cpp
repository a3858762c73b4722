#include "tether/frame.h"

#include <gtest/gtest.h>

namespace botbottle::tether {
namespace {

TEST(Frames, ComeOutAsTheyWentInHoweverTheyAreCut) {
    std::string bytes;
    append_frame(bytes, Type::data, 7, "hello");
    append_frame(bytes, Type::end, 0xfffffffe, "");
    append_frame(bytes, Type::packet, 2, std::string("a\0b", 3));
    for (const std::size_t step : {std::size_t{1}, std::size_t{3}, bytes.size()}) {
        FrameReader reader;
        std::vector<Frame> found;
        for (std::size_t at = 0; at < bytes.size(); at += step) {
            reader.add(std::string_view(bytes).substr(at, step));
            while (auto frame = reader.next())
                found.push_back(*frame);
        }
        ASSERT_EQ(found.size(), 3u);
        EXPECT_EQ(found[0].payload, "hello");
        EXPECT_EQ(found[0].channel, 7u);
        EXPECT_EQ(found[1].type, Type::end);
        EXPECT_EQ(found[1].channel, 0xfffffffeu);
        EXPECT_EQ(found[2].payload, std::string("a\0b", 3));
        EXPECT_FALSE(reader.broken());
    }
}

TEST(Frames, ThatMakeNoSenseEndIt) {
    for (const char type : {'\0', '\x0c', '\xff'}) {
        FrameReader reader;
        reader.add(std::string(1, type) + std::string(8, '\0'));
        EXPECT_FALSE(reader.next());
        EXPECT_TRUE(reader.broken());
    }
    FrameReader large;
    large.add("\x08" + number_bytes(1) + number_bytes(kMaxPayload + 1));
    EXPECT_FALSE(large.next());
    EXPECT_TRUE(large.broken());
    std::string good;
    append_frame(good, Type::data, 1, "x");
    large.add(good);
    EXPECT_FALSE(large.next());
}

TEST(Numbers, AreTakenFromWhatIsThere) {
    std::string_view text = "\x01\x02\x03\x04rest";
    EXPECT_EQ(take_number(text), 0x01020304u);
    EXPECT_EQ(text, "rest");
    text = "abc";
    EXPECT_FALSE(take_number(text));
}

TEST(EngineOutput, GivesTheStandardOutputAlone) {
    const auto piece = [](char stream, const std::string& text) {
        return std::string(1, stream) + std::string(3, '\0') +
               number_bytes(static_cast<std::uint32_t>(text.size())) + text;
    };
    const std::string bytes = piece(1, "one") + piece(2, "error") + piece(1, "") + piece(1, "two");
    for (std::size_t step = 1; step < 12; ++step) {
        EngineOutput output;
        std::string found;
        for (std::size_t at = 0; at < bytes.size(); at += step)
            output.add(std::string_view(bytes).substr(at, step), found);
        EXPECT_EQ(found, "onetwo");
        EXPECT_FALSE(output.broken());
    }
    for (const std::string& bad : {piece(3, "x"), std::string("HTTP/1.1 200")}) {
        EngineOutput output;
        std::string found;
        output.add(bad, found);
        EXPECT_TRUE(output.broken());
        EXPECT_EQ(found, "");
    }
}

}  // namespace
}  // namespace botbottle::tether
