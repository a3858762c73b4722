#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bottles/process_reference.h"

namespace botbottle {
namespace {

TEST(ProcessReference, KnowsItselfAndNotAnotherWithItsPid) {
    const auto self = ProcessReference::of(getpid());
    EXPECT_TRUE(self.alive());
    EXPECT_FALSE((ProcessReference{self.pid, self.start_time + 1}).alive());
    EXPECT_FALSE(ProcessReference{}.alive());
    EXPECT_EQ(ProcessReference::of(-1).pid, 0);
}

TEST(ProcessReference, AZombieIsNotAlive) {
    const pid_t child = fork();
    if (child == 0) _exit(0);
    siginfo_t info = {};
    ASSERT_EQ(waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT), 0);
    auto reference = ProcessReference::of(child);
    EXPECT_EQ(reference.pid, child);
    EXPECT_FALSE(reference.alive());
    waitpid(child, nullptr, 0);
}

TEST(ProcessReference, SurvivesJson) {
    const ProcessReference reference{4711, 98765432109876};
    const auto copy = ProcessReference::from_json(reference.to_json());
    EXPECT_EQ(copy.pid, reference.pid);
    EXPECT_EQ(copy.start_time, reference.start_time);
    EXPECT_EQ(ProcessReference::from_json({}).pid, 0);
}

}  // namespace
}  // namespace botbottle
