#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "files/lock.h"
#include "temporary_directory.h"

namespace botbottle::files {
namespace {

// A process that holds the lock until it is killed; it writes to `ready` once it has it.
pid_t hold_in_child(const std::string& path, int ready) {
    const pid_t child = fork();
    if (child != 0) return child;
    const auto lock = FileLock::acquire(path);
    (void)!write(ready, lock ? "1" : "0", 1);
    pause();
    _exit(0);
}

class Lock : public ::testing::Test {
  protected:
    void hold() {
        int pipe_ends[2];
        ASSERT_EQ(pipe(pipe_ends), 0);
        holder_ = hold_in_child(path_, pipe_ends[1]);
        char held = 0;
        ASSERT_EQ(read(pipe_ends[0], &held, 1), 1);
        ASSERT_EQ(held, '1');
        close(pipe_ends[0]);
        close(pipe_ends[1]);
    }

    TemporaryDirectory directory_;
    std::string path_ = directory_ / "lock";
    pid_t holder_ = -1;
};

TEST_F(Lock, NamesTheHolderWhileWaitingAndIsFreedWhenItIsKilled) {
    hold();
    std::string holder;
    const auto lock = FileLock::acquire(path_, [&](const std::string& pid) {
        holder = pid;
        kill(holder_, SIGKILL);
    });
    EXPECT_TRUE(lock);
    EXPECT_EQ(holder, std::to_string(holder_));
    waitpid(holder_, nullptr, 0);
}

TEST_F(Lock, ASignalEndsTheWait) {
    hold();
    struct sigaction action = {};
    action.sa_handler = [](int) {};
    sigaction(SIGALRM, &action, nullptr);
    const auto lock = FileLock::acquire(path_, [](const std::string&) { ualarm(20'000, 20'000); });
    ualarm(0, 0);
    ASSERT_FALSE(lock);
    EXPECT_EQ(lock.error().code, "interrupted");
    kill(holder_, SIGKILL);
    waitpid(holder_, nullptr, 0);
}

TEST_F(Lock, RemovingTheFileDoesNotLetTwoIn) {
    auto first = FileLock::acquire(path_);
    ASSERT_TRUE(first);
    std::move(*first).release_and_remove();
    EXPECT_FALSE(exists(path_));
    auto second = FileLock::acquire(path_);
    ASSERT_TRUE(second);
    bool waited = false;
    const pid_t child = fork();
    if (child == 0) {
        alarm(10);
        const auto third = FileLock::acquire(path_, [](const std::string&) { _exit(7); });
        _exit(third ? 0 : 1);
    }
    int status = 0;
    waitpid(child, &status, 0);
    waited = WIFEXITED(status) && WEXITSTATUS(status) == 7;
    EXPECT_TRUE(waited);
}

}  // namespace
}  // namespace botbottle::files
