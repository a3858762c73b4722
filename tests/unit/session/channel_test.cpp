#include "session/channel.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <string>

#include "control/descriptor.h"

namespace botbottle::session {
namespace {

using control::Descriptor;

struct Pipe {
    explicit Pipe(int flags) {
        int ends[2];
        EXPECT_EQ(pipe2(ends, O_CLOEXEC | flags), 0);
        output.reset(ends[0]);
        input.reset(ends[1]);
    }
    Descriptor output;
    Descriptor input;
};

// One poll and what follows from it. False when nothing was ready.
bool turn(Channel& channel) {
    pollfd polled[] = {channel.source(), channel.target()};
    if (poll(polled, 2, 0) <= 0) return false;
    channel.advance(polled[0].revents, polled[1].revents);
    return true;
}

std::string read_available(int fd) {
    std::string text(1 << 20, '\0');
    const ssize_t size = read(fd, text.data(), text.size());
    text.resize(static_cast<std::size_t>(std::max<ssize_t>(0, size)));
    return text;
}

TEST(Channel, StopsReadingWhenTheReaderIsSlow) {
    const Pipe from(O_NONBLOCK);
    const Pipe to(O_NONBLOCK);
    Channel channel(from.output.get(), to.input.get());
    const std::string block(64 * 1024, 'x');
    std::size_t taken = 0;
    while (true) {
        const ssize_t size = write(from.input.get(), block.data(), block.size());
        if (size > 0) taken += static_cast<std::size_t>(size);
        if (!turn(channel) && size < 0) break;
    }
    // Two pipes and one buffer, and no more.
    EXPECT_LE(taken, 3 * block.size());
    EXPECT_FALSE(channel.idle());

    std::size_t passed = read_available(to.output.get()).size();
    while (turn(channel))
        passed += read_available(to.output.get()).size();
    EXPECT_EQ(passed + read_available(to.output.get()).size(), taken);
}

TEST(Channel, PassesOnTheEndOfInputAfterTheLastByte) {
    Pipe from(O_NONBLOCK);
    const Pipe to(O_NONBLOCK);
    Channel channel(from.output.get(), to.input.get());
    ASSERT_EQ(write(from.input.get(), "abc", 3), 3);
    from.input.reset();
    EXPECT_FALSE(channel.finished());
    while (!channel.finished())
        ASSERT_TRUE(turn(channel));
    EXPECT_EQ(read_available(to.output.get()), "abc");
}

TEST(Channel, NoticesThatNobodyReads) {
    std::signal(SIGPIPE, SIG_IGN);
    const Pipe from(O_NONBLOCK);
    Pipe to(O_NONBLOCK);
    Channel channel(from.output.get(), to.input.get());
    EXPECT_FALSE(turn(channel));
    to.output.reset();
    EXPECT_TRUE(turn(channel));
    EXPECT_TRUE(channel.finished());
}

TEST(Channel, NeverBlocksOnATargetThatBlocks) {
    const Pipe from(O_NONBLOCK);
    const Pipe to(0);
    Channel channel(from.output.get(), to.input.get());
    const std::string block(64 * 1024, 'x');
    for (int i = 0; i < 4; ++i) {
        [[maybe_unused]] const auto size = write(from.input.get(), block.data(), block.size());
        while (turn(channel))
            continue;  // returns at all: a write of all would hang here
    }
    EXPECT_FALSE(channel.idle());
}

TEST(Channel, FiltersAndInjects) {
    const Pipe from(O_NONBLOCK);
    const Pipe to(O_NONBLOCK);
    Channel channel(from.output.get(), to.input.get(),
                    [](std::string_view bytes, std::string& out) {
                        for (const char c : bytes) {
                            if (c != 'x') out += c;
                        }
                    });
    channel.inject("<");
    ASSERT_EQ(write(from.input.get(), "axb", 3), 3);
    while (turn(channel))
        continue;
    EXPECT_EQ(read_available(to.output.get()), "<ab");
}

}  // namespace
}  // namespace botbottle::session
