// A child gets the descriptors that it is given, in order, and nothing else of its parent.
#include "warden/spawn.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <vector>

namespace botbottle::warden {
namespace {

using control::Descriptor;

class SpawnTest : public ::testing::Test {
  protected:
    void SetUp() override { ASSERT_NE(mkdtemp(folder_.data()), nullptr); }
    void TearDown() override {
        unlink(script().c_str());
        rmdir(folder_.c_str());
    }

    std::string script() const { return folder_ + "/program"; }

    // Runs a shell script and returns what it wrote to its first descriptor (number 3).
    std::string output_of(const std::string& text, const std::vector<int>& more = {}) {
        std::ofstream(script()) << "#!/bin/sh\n" << text << '\n';
        chmod(script().c_str(), 0700);
        int fds[2];
        EXPECT_EQ(pipe2(fds, O_CLOEXEC), 0);
        const Descriptor read_end(fds[0]);
        Descriptor write_end(fds[1]);
        std::vector<int> descriptors = {write_end.get()};
        descriptors.insert(descriptors.end(), more.begin(), more.end());
        const auto child = spawn(script(), descriptors);
        EXPECT_TRUE(child) << child.error().message;
        write_end.reset();
        std::string output;
        char piece[4096];
        for (ssize_t size; (size = read(read_end.get(), piece, sizeof piece)) > 0;)
            output.append(piece, static_cast<std::size_t>(size));
        EXPECT_EQ(waitpid(child->pid, nullptr, 0), child->pid);
        return output;
    }

    std::string folder_ = ::testing::TempDir() + "spawn-XXXXXX";
};

TEST_F(SpawnTest, DescriptorsAreInOrderWhateverTheirNumbers) {
    // Numbers that lie in the way of each other: 5 becomes 4 and 4 becomes 5.
    const int saved[] = {fcntl(4, F_DUPFD_CLOEXEC, 60), fcntl(5, F_DUPFD_CLOEXEC, 60)};
    for (const int number : {4, 5}) {
        int fds[2];
        ASSERT_EQ(pipe(fds), 0);
        const std::string text = std::to_string(number);
        ASSERT_EQ(write(fds[1], text.data(), 1), 1);
        const int high = fcntl(fds[0], F_DUPFD, 70 + number);
        close(fds[0]);
        close(fds[1]);
        dup2(high, number);
        close(high);
    }
    EXPECT_EQ(output_of("cat <&4 >&3; cat <&5 >&3", {5, 4}), "54");
    for (int i = 0; i < 2; ++i) {
        dup2(saved[i], 4 + i);
        close(saved[i]);
    }
}

TEST_F(SpawnTest, NothingElseIsOpen) {
    const Descriptor forgotten(open("/dev/null", O_RDONLY));  // not close-on-exec
    // The shell itself holds its script at 10 or above, and `ls` the directory that it lists.
    EXPECT_EQ(output_of("for fd in 4 5 6 7 8 9 " + std::to_string(forgotten.get()) +
                        "; do [ -e /proc/self/fd/$fd ] && [ $fd -gt 3 ] && echo $fd >&3; done; :"),
              "");
}

TEST_F(SpawnTest, TheEnvironmentIsEmpty) {
    setenv("CANARY", "1", 1);
    EXPECT_EQ(output_of("tr '\\0' '\\n' </proc/$$/environ >&3"), "");
}

TEST_F(SpawnTest, SignalsAreAsIfFresh) {
    sigset_t blocked;
    sigset_t before;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &blocked, &before);
    const auto old = signal(SIGPIPE, SIG_IGN);
    // Signals 1 to 28: the C library itself ignores two of its own, above them, in every child.
    EXPECT_EQ(output_of("sed -nE 's/^(SigBlk|SigIgn):.*(.{7})$/\\1 \\2/p' /proc/self/status >&3"),
              "SigBlk 0000000\nSigIgn 0000000\n");
    signal(SIGPIPE, old);
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

TEST_F(SpawnTest, AProgramThatCannotRunIsAnError) {
    for (const char* path : {"/nonexistent/program", "/dev/null", "/tmp"}) {
        const auto child = spawn(path, {});
        ASSERT_FALSE(child) << path;
        EXPECT_EQ(child.error().code, "sidecar_spawn");
        EXPECT_NE(child.error().message.find(path), std::string::npos);
    }
}

}  // namespace
}  // namespace botbottle::warden
