// Two ends of a line in one process, joined by a socket pair.
#include "tether/line.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <malloc.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

namespace botbottle::tether {
namespace {

class Joined : public testing::Test {
  protected:
    Joined() {
        signal(SIGPIPE, SIG_IGN);
        int ends[2];
        EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
        left_end_.reset(ends[0]);
        right_end_.reset(ends[1]);
        left_.emplace(ends[0], ends[0], Line::Encoding::plain);
        right_.emplace(ends[1], ends[1], Line::Encoding::plain);
        left_->on_frame = [this](Frame& frame) { left_frames_.push_back(frame); };
        right_->on_frame = [this](Frame& frame) { right_frames_.push_back(frame); };
    }
    void turn(int times = 20) {
        for (int i = 0; i < times; ++i) {
            EXPECT_TRUE(left_->step(0));
            EXPECT_TRUE(right_->step(0));
        }
    }
    // Our end of a socket that a line carries.
    Descriptor carried(Line& line, std::uint32_t channel, Ways ways = Ways::both) {
        int ends[2];
        EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
        line.carry(channel, Descriptor(ends[0]), ways);
        return Descriptor(ends[1]);
    }
    static std::string all_of(const Descriptor& fd) {
        std::string text;
        char buffer[65536];
        ssize_t size = 0;
        while ((size = read(fd.get(), buffer, sizeof buffer)) > 0)
            text.append(buffer, static_cast<std::size_t>(size));
        return text;
    }

    Descriptor left_end_;
    Descriptor right_end_;
    std::optional<Line> left_;
    std::optional<Line> right_;
    std::vector<Frame> left_frames_;
    std::vector<Frame> right_frames_;
};

TEST_F(Joined, BytesAndEndsGoBothWays) {
    const Descriptor a = carried(*left_, 1);
    const Descriptor b = carried(*right_, 1);
    ASSERT_EQ(write(a.get(), "question", 8), 8);
    shutdown(a.get(), SHUT_WR);
    turn();
    EXPECT_EQ(all_of(b), "question");
    char end = 0;
    EXPECT_EQ(read(b.get(), &end, 1), 0);
    ASSERT_EQ(write(b.get(), "answer", 6), 6);
    shutdown(b.get(), SHUT_WR);
    turn();
    EXPECT_EQ(all_of(a), "answer");
    EXPECT_EQ(left_->carried(1), -1);
    EXPECT_EQ(right_->carried(1), -1);
}

TEST_F(Joined, ASlowReaderHoldsUpItsOwnChannelOnly) {
    const Descriptor a = carried(*left_, 1);
    const Descriptor slow = carried(*right_, 1);
    const Descriptor other = carried(*left_, 3);
    const Descriptor quick = carried(*right_, 3);
    const std::string block(64 * 1024, 'x');
    std::size_t sent = 0;
    for (int i = 0; i < 400; ++i) {
        const ssize_t size = write(a.get(), block.data(), block.size());
        if (size > 0) sent += static_cast<std::size_t>(size);
        turn(2);
    }
    // The window, and what the kernel holds at both ends.
    EXPECT_LT(sent, kWindow + (1u << 20));
    ASSERT_EQ(write(other.get(), "through", 7), 7);
    turn();
    EXPECT_EQ(all_of(quick), "through");
    std::size_t arrived = 0;
    for (int i = 0; i < 200 && arrived < sent; ++i) {
        arrived += all_of(slow).size();
        turn(4);
    }
    EXPECT_EQ(arrived, sent);
}

TEST_F(Joined, MoreThanTheWindowEndsTheLine) {
    int ends[2];
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    const Descriptor full(ends[1]);
    right_->carry(1, Descriptor(ends[0]), Ways::out);
    for (int i = 0; i < 20; ++i)
        left_->send(Type::data, 1, std::string(kWindow / 2, 'x'));
    bool going = true;
    for (int i = 0; i < 500 && going; ++i) {
        left_->step(0);
        going = right_->step(0);
    }
    EXPECT_FALSE(going);
}

TEST_F(Joined, NothingIsReadForWhoDoesNotTakeIt) {
    std::vector<Descriptor> ours;
    const std::string block(64 * 1024, 'x');
    for (std::uint32_t channel = 1; channel <= 200; ++channel) {
        ours.push_back(carried(*left_, channel));
        ASSERT_GT(write(ours.back().get(), block.data(), block.size()), 0);
    }
    std::size_t most = 0;
    for (int i = 0; i < 100; ++i) {
        ASSERT_TRUE(left_->step(0));
        most = std::max(most, left_->unsent());
    }
    EXPECT_GE(most, kMostUnsent);
    EXPECT_LT(most, kMostUnsent + 64 * 1024);
}

// Answers to one that asks and never reads.
TEST_F(Joined, WhatWaitsIsBoundedAndThereOnce) {
    const std::string block(1000, 'x');
    const std::size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
    std::size_t most = 0;
    for (std::size_t sent = 0; sent < 2 * kEndAt; sent += block.size()) {
        left_->send(Type::packet, 1, block);
        most = std::max(most, left_->unsent());
    }
    const std::size_t after = mallinfo2().uordblks + mallinfo2().hblkhd;
    EXPECT_FALSE(left_->step(0));
    EXPECT_LT(most, kEndAt + 2000);
    // (With ASan's allocator both are 0.)
    EXPECT_LT(after - before, kEndAt + kEndAt / 4 + (4u << 20));
    EXPECT_GT(left_->unsent(), kEndAt / 2);
}

TEST_F(Joined, CreditThatWasNeverSpentEndsTheLine) {
    const Descriptor a = carried(*right_, 1);
    left_->send(Type::credit, 1, number_bytes(1));
    left_->step(0);
    EXPECT_FALSE(right_->step(0));
}

TEST_F(Joined, AReaderThatLeavesIsTold) {
    const Descriptor a = carried(*left_, 1);
    {
        const Descriptor b = carried(*right_, 1);
        turn();
    }
    ASSERT_EQ(write(a.get(), "x", 1), 1);
    turn();
    // By now it may be gone on this side too.
    [[maybe_unused]] const ssize_t again = write(a.get(), "x", 1);
    turn();
    EXPECT_EQ(left_->carried(1), -1);
    EXPECT_EQ(right_->carried(1), -1);
}

TEST_F(Joined, WhatIsDrainedIsOnItsWayBeforeWhatFollows) {
    int pipe_ends[2];
    ASSERT_EQ(pipe2(pipe_ends, O_CLOEXEC), 0);
    const Descriptor writer(pipe_ends[1]);
    left_->carry(2, Descriptor(pipe_ends[0]), Ways::in);
    ASSERT_EQ(write(writer.get(), "last words", 10), 10);
    EXPECT_TRUE(left_->drained(2));
    left_->send(Type::packet, 4, "X");
    const Descriptor b = carried(*right_, 2, Ways::out);
    right_->on_frame = [&](Frame& frame) {
        EXPECT_EQ(frame.type, Type::packet);
        EXPECT_TRUE(right_->flushed(2));
        EXPECT_EQ(all_of(b), "last words");
        right_frames_.push_back(frame);
    };
    turn();
    EXPECT_EQ(right_frames_.size(), 1u);
}

TEST_F(Joined, AFrameOfAnUnknownChannelIsTheOwners) {
    left_->send(Type::socket, 9, "egress.sock");
    left_->send(Type::data, 9, "nobody's");
    left_->send(Type::gone, 9, "");
    turn();
    ASSERT_EQ(right_frames_.size(), 2u);
    EXPECT_EQ(right_frames_[0].payload, "egress.sock");
    EXPECT_EQ(right_frames_[1].type, Type::gone);
}

TEST_F(Joined, TheEndOfTheStreamIsSeen) {
    shutdown(left_end_.get(), SHUT_WR);
    EXPECT_FALSE(right_->step(0));
}

}  // namespace
}  // namespace botbottle::tether
