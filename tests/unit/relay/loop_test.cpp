#include "relay/loop.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <functional>

namespace botbottle::relay {
namespace {

using control::Descriptor;

struct Recorder final : Watcher {
    explicit Recorder(std::function<void(int)> what) : on_ready(std::move(what)) {}
    void ready(int fd, std::uint32_t) override { on_ready(fd); }
    std::function<void(int)> on_ready;
};

struct Pipe {
    Pipe() {
        int ends[2];
        EXPECT_EQ(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
        output.reset(ends[0]);
        input.reset(ends[1]);
    }
    Descriptor output;
    Descriptor input;
};

TEST(Loop, DropsEventsOfADescriptorThatAnotherHandlerRemoved) {
    Loop loop;
    Pipe first;
    Pipe second;
    int calls = 0;
    // Whichever comes first closes both, and gives their numbers to somebody else.
    std::vector<Descriptor> reused;
    Recorder closer([&](int) {
        ++calls;
        loop.forget(first.output.get());
        loop.forget(second.output.get());
        first.output.reset();
        second.output.reset();
        Recorder* const nobody = nullptr;
        for (int i = 0; i < 2; ++i) {
            reused.emplace_back(open("/dev/null", O_RDONLY | O_CLOEXEC));
            loop.watch(reused.back().get(), 0, nobody);
        }
    });
    loop.watch(first.output.get(), EPOLLIN, &closer);
    loop.watch(second.output.get(), EPOLLIN, &closer);
    ASSERT_EQ(write(first.input.get(), "x", 1), 1);
    ASSERT_EQ(write(second.input.get(), "x", 1), 1);
    loop.wait(0);
    EXPECT_EQ(calls, 1);
    loop.wait(0);
    EXPECT_EQ(calls, 1);
}

TEST(Loop, DoesNotReportAHangUpToWhoAskedForNothing) {
    Loop loop;
    Pipe pipe;
    int calls = 0;
    Recorder counter([&](int) { ++calls; });
    loop.watch(pipe.output.get(), EPOLLIN, &counter);
    pipe.input.reset();
    loop.wait(0);
    EXPECT_EQ(calls, 1);
    loop.watch(pipe.output.get(), 0, &counter);
    loop.wait(0);
    EXPECT_EQ(calls, 1);
    loop.watch(pipe.output.get(), EPOLLIN, &counter);
    loop.wait(0);
    EXPECT_EQ(calls, 2);
}

}  // namespace
}  // namespace botbottle::relay
