#include "base/secret.h"

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace botbottle {
namespace {

// What a child finds after it has protected itself: 0, or the number of the check that failed.
int check_protection(rlim_t hard_limit) {
    const struct rlimit before = {0, hard_limit};
    if (setrlimit(RLIMIT_CORE, &before) != 0) return 1;
    if (geteuid() == 0 && setresuid(64123, 64123, 64123) != 0) return 2;
    if (!protect_process()) return 3;
    if (prctl(PR_GET_DUMPABLE) != 0) return 4;
    struct rlimit after = {};
    getrlimit(RLIMIT_CORE, &after);
    const rlim_t wanted = hard_limit == 0 ? 0 : 1;
    return after.rlim_cur == wanted && after.rlim_max == wanted ? 0 : 5;
}

int in_a_child(rlim_t hard_limit) {
    const pid_t child = fork();
    if (child == 0) _exit(check_protection(hard_limit));
    int status = 0;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(ProtectProcess, NothingOfItIsDumpedAndNothingThatItStarts) {
    struct rlimit ours = {};
    ASSERT_EQ(getrlimit(RLIMIT_CORE, &ours), 0);
    EXPECT_EQ(in_a_child(ours.rlim_max), 0);
    EXPECT_EQ(in_a_child(0), 0) << "a hard limit of 0 cannot be raised, and is no reason to refuse";
}

TEST(Secret, IsMovedAndLeavesNothingBehind) {
    Secret first("value");
    Secret second(std::move(first));
    EXPECT_TRUE(first.empty());  // NOLINT(bugprone-use-after-move): that is the question
    EXPECT_EQ(second.reveal(), "value");
    const Secret third = second.duplicate();
    second = Secret();
    EXPECT_TRUE(second.empty());
    EXPECT_EQ(third.reveal(), "value");
}

}  // namespace
}  // namespace botbottle
