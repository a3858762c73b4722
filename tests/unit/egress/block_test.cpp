// Buffers: what goes in comes out, and an idle one holds no memory.
#include "egress/block.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace botbottle::egress {
namespace {

void put(InputBuffer& buffer, std::string_view text) {
    const auto room = buffer.room();
    ASSERT_GE(room.size(), text.size());
    std::copy(text.begin(), text.end(), room.begin());
    buffer.commit(text.size());
}

TEST(InputBuffer, KeepsWhatWasNotConsumed) {
    BlockPool pool;
    InputBuffer buffer(pool);
    EXPECT_TRUE(buffer.empty());
    put(buffer, "hello world");
    buffer.consume(6);
    EXPECT_EQ(buffer.unread(), "world");
    put(buffer, "!");
    EXPECT_EQ(buffer.unread(), "world!");
    buffer.rest();  // not empty: nothing happens
    EXPECT_EQ(buffer.unread(), "world!");
    buffer.consume(6);
    buffer.rest();
    EXPECT_TRUE(buffer.empty());
    EXPECT_EQ(buffer.room().size(), kBlockSize);
}

TEST(InputBuffer, IsFullAtTheSizeOfABlock) {
    BlockPool pool;
    InputBuffer buffer(pool);
    buffer.commit(buffer.room().size());
    EXPECT_TRUE(buffer.full());
    EXPECT_TRUE(buffer.room().empty());
    buffer.consume(1);
    EXPECT_EQ(buffer.room().size(), 1u);
}

TEST(OutputBuffer, GivesBytesBackInOrder) {
    BlockPool pool;
    OutputBuffer buffer(pool);
    std::string text;
    for (int i = 0; i < 40'000; ++i)
        text += std::to_string(i);
    buffer.append(std::string_view(text).substr(0, 7));
    buffer.append(std::string_view(text).substr(7));
    EXPECT_EQ(buffer.size(), text.size());
    std::string got;
    while (!buffer.empty()) {
        const auto piece = buffer.front().substr(0, 1000);
        got += piece;
        buffer.consume(piece.size());
    }
    EXPECT_EQ(got, text);
    EXPECT_TRUE(buffer.front().empty());
}

TEST(OutputBuffer, ForgetsWhatIsCleared) {
    BlockPool pool;
    OutputBuffer buffer(pool);
    buffer.append(std::string(100'000, 'x'));
    buffer.clear();
    EXPECT_TRUE(buffer.empty());
    EXPECT_EQ(buffer.size(), 0u);
}

}  // namespace
}  // namespace botbottle::egress
