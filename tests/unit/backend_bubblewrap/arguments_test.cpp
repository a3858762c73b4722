// bwrap's command line, by the properties that isolation hangs on.
#include "arguments.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace backend_bubblewrap {
namespace {

class Arguments : public testing::Test {
  protected:
    Arguments() {
        plan_.bottle = {"id", "/s", "/r", "/libexec", "/r"};
        plan_.handle.bwrap = "/usr/bin/bwrap";
        plan_.handle.owner = {64123, 64124};
        plan_.sockets_dir = "/r/sockets";
        plan_.hostname = "bottle";
        plan_.forwards = {{9099, "egress.sock"}, {9420, "git.sock"}};
        plan_.filter_fd = 5;
        plan_.info_fd = 6;
        plan_.lease_fd = 7;
        plan_.listen_fd = 8;
    }

    // Where these words follow each other; -1 when they do not.
    long at(const std::vector<std::string>& words) const {
        const auto all = bwrap_arguments(plan_);
        const auto found = std::search(all.begin(), all.end(), words.begin(), words.end());
        return found == all.end() ? -1 : found - all.begin();
    }
    bool has(const std::vector<std::string>& words) const { return at(words) >= 0; }

    LaunchPlan plan_;
};

TEST_F(Arguments, UnshareEverythingForAnOrdinaryUser) {
    EXPECT_EQ(at({"/usr/bin/bwrap"}), 0);
    for (const char* const word :
         {"--unshare-user", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts",
          "--unshare-cgroup-try", "--disable-userns", "--new-session", "--clearenv"}) {
        EXPECT_TRUE(has({word})) << word;
    }
    EXPECT_TRUE(has({"--uid", "1000", "--gid", "1000"}));
    EXPECT_TRUE(has({"--cap-drop", "ALL"}));
    EXPECT_FALSE(has({"--cap-add"}));
    EXPECT_FALSE(has({"--uid", "64123"}));
    EXPECT_TRUE(has({"--seccomp", "5"}));
    EXPECT_TRUE(has({"--info-fd", "6"}));
    EXPECT_FALSE(has({"--die-with-parent"}));
    EXPECT_FALSE(has({"--share-net"}));
}

TEST_F(Arguments, LeaveTheRelayWhatItNeedsToBecomeNobodyForRoot) {
    plan_.handle.user_namespace = false;
    plan_.handle.owner = {0x70000001, 0x70000002};
    EXPECT_FALSE(has({"--unshare-user"}));
    EXPECT_FALSE(has({"--disable-userns"}));
    EXPECT_LT(at({"--cap-drop", "ALL"}), at({"--cap-add", "CAP_SETUID"}));
    EXPECT_TRUE(has({"--uid", "1879048193", "--gid", "1879048194"}));
    const auto all = bwrap_arguments(plan_);
    EXPECT_EQ(std::count(all.begin(), all.end(), "--cap-add"), 3);
    // The identity is the relay's argument, not bwrap's.
    EXPECT_LT(at({"--"}), at({"--uid"}));
}

TEST_F(Arguments, CannotDisableUserNamespacesWithASetuidBwrap) {
    plan_.disable_userns = false;
    EXPECT_TRUE(has({"--unshare-user"}));
    EXPECT_FALSE(has({"--disable-userns"}));
}

TEST_F(Arguments, CloseMountsAfterWhatIsMountedInThem) {
    EXPECT_LT(at({"--dev", "/dev"}), at({"--remount-ro", "/dev"}));
    EXPECT_LT(at({"--tmpfs", "/dev/shm"}), at({"--remount-ro", "/dev"}));
    EXPECT_LT(at({"--tmpfs", "/run"}), at({"--tmpfs", "/run/botbottle"}));
    EXPECT_LT(at({"--ro-bind", "/r/sockets", "/run/botbottle/sockets"}),
              at({"--remount-ro", "/run/botbottle"}));
    EXPECT_LT(at({"--bind", "/s/home", "/home/agent"}), at({"--remount-ro", "/"}));
    EXPECT_LT(at({"--remount-ro", "/"}), at({"--"}));
    EXPECT_FALSE(has({"--tmpfs", "/sys"}));
    EXPECT_FALSE(has({"/sys"}));
}

TEST_F(Arguments, BindOnlyHomeAndWorkspaceForWriting) {
    const auto all = bwrap_arguments(plan_);
    EXPECT_EQ(std::count(all.begin(), all.end(), "--bind"), 2);
    EXPECT_EQ(std::count(all.begin(), all.end(), "--dev-bind"), 0);
    EXPECT_TRUE(has({"--bind", "/s/workspace", "/workspace"}));
    EXPECT_TRUE(has({"--ro-bind", "/r/etc", "/etc"}));
}

TEST_F(Arguments, GiveEveryTmpfsASize) {
    const auto all = bwrap_arguments(plan_);
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (all[i] != "--tmpfs") continue;
        ASSERT_GE(i, 4u);
        EXPECT_EQ(all[i - 4], "--size") << all[i + 1];
        EXPECT_EQ(all[i - 2], "--perms") << all[i + 1];
    }
}

TEST_F(Arguments, ShowTheProgramReadOnly) {
    plan_.handle.program.binds = {{"/home/u/.local/x/tool", "/opt/agent/tool/x/tool"}};
    plan_.handle.program.links = {{"/opt/agent/tool/x/tool", "/opt/agent/bin/tool"}};
    EXPECT_TRUE(has({"--ro-bind", "/home/u/.local/x/tool", "/opt/agent/tool/x/tool"}));
    EXPECT_TRUE(has({"--symlink", "/opt/agent/tool/x/tool", "/opt/agent/bin/tool"}));
    for (const char* const path : {"/opt", "/opt/agent", "/opt/agent/bin", "/opt/agent/tool",
                                   "/opt/agent/tool/x", "/home", "/var"}) {
        EXPECT_TRUE(has({"--dir", path})) << path;
    }
}

TEST_F(Arguments, TellTheRelayItsPortsAndLimit) {
    plan_.handle.pids = 77;
    EXPECT_TRUE(has({"--", "/run/botbottle/relay", "--lease", "7", "--listen", "8", "--pids", "77",
                     "--forward", "9099=/run/botbottle/sockets/egress.sock", "--forward",
                     "9420=/run/botbottle/sockets/git.sock"}));
}

}  // namespace
}  // namespace backend_bubblewrap
