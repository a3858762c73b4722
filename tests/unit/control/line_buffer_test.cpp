// Lines come out whole whatever the pieces in which they arrive, and leave nothing behind.
#include "control/line_buffer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

namespace botbottle::control {
namespace {

void feed(LineBuffer& buffer, std::string_view bytes) {
    while (!bytes.empty()) {
        const std::span<char> room = buffer.prepare();
        const std::size_t size = std::min(room.size(), bytes.size());
        std::memcpy(room.data(), bytes.data(), size);
        buffer.commit(size);
        bytes.remove_prefix(size);
    }
}

std::vector<std::string> drain(LineBuffer& buffer) {
    std::vector<std::string> lines;
    while (const auto line = buffer.next())
        lines.emplace_back(*line);
    return lines;
}

TEST(LineBuffer, CutsWhateverThePieces) {
    const std::string text = "{\"a\":1}\n\n" + std::string(100'000, 'x') + "\nlast";
    const std::vector<std::string> expected = {"{\"a\":1}", "", std::string(100'000, 'x')};
    for (const std::size_t piece : {1UL, 2UL, 7UL, 4096UL, text.size()}) {
        LineBuffer buffer;
        std::vector<std::string> lines;
        for (std::size_t at = 0; at < text.size(); at += piece) {
            feed(buffer, std::string_view(text).substr(at, piece));
            for (std::string& line : drain(buffer))
                lines.push_back(std::move(line));
        }
        EXPECT_EQ(lines, expected) << "pieces of " << piece;
        EXPECT_FALSE(buffer.overflowed());
    }
}

TEST(LineBuffer, HoldsTheCap) {
    const struct {
        std::size_t length;
        bool ended;
        bool fits;
    } cases[] = {{10, true, true}, {11, true, false}, {10, false, true}, {11, false, false}};
    for (const auto& c : cases) {
        LineBuffer buffer(10);
        feed(buffer, std::string(c.length, 'x') + (c.ended ? "\n" : ""));
        EXPECT_EQ(buffer.next().has_value(), c.ended && c.fits) << c.length;
        EXPECT_EQ(buffer.overflowed(), !c.fits) << c.length;
    }
}

TEST(LineBuffer, WipesWhatWasConsumed) {
    LineBuffer buffer;
    feed(buffer, "secret\nrest");
    const auto line = buffer.next();
    ASSERT_TRUE(line);
    const char* const bytes = line->data();
    EXPECT_FALSE(buffer.next());
    EXPECT_EQ(std::string(bytes, 11), std::string(7, '\0') + "rest");
}

TEST(LineBuffer, GivesLargeMemoryBack) {
    LineBuffer buffer;
    feed(buffer, std::string(1'000'000, 'x') + "\n");
    EXPECT_EQ(drain(buffer).size(), 1U);
    EXPECT_LE(buffer.prepare().size(), 64U * 1024);
}

}  // namespace
}  // namespace botbottle::control
