#include "arguments.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace backend_smolmachines {
namespace {

MachinePlan plan(Limits limits = {}) {
    MachinePlan made;
    made.bottle.identity = "coder-ab12c";
    made.bottle.state_dir = "/home/u/.bot-bottle/state/coder-ab12c";
    made.bottle.place = made.bottle.state_dir + "/machine";
    made.handle.machine = "botbottle-coder-ab12c-01234567";
    made.handle.image = "/images/a.tar";
    made.handle.owner = {1000, 1001};
    made.handle.limits = to_json(limits);
    made.sockets_dir = "/run/user/1000/botbottle/coder-ab12c/sockets";
    made.forwards = {{9099, "egress.sock"}, {9420, "git.sock"}};
    made.hostname = "bottle";
    return made;
}

bool has(const Words& words, const std::string& word) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

std::string after(const Words& words, const std::string& word) {
    const auto found = std::find(words.begin(), words.end(), word);
    return found == words.end() ? "" : *(found + 1);
}

TEST(Create, AsksForSocketsAndForNoNetwork) {
    const Words words = create_words(plan());
    EXPECT_EQ((Words{words.begin(), words.begin() + 4}),
              (Words{"machine", "create", "--name", "botbottle-coder-ab12c-01234567"}));
    EXPECT_TRUE(has(words, "owner=botbottle"));
    EXPECT_TRUE(has(words, "bottle=coder-ab12c"));
    EXPECT_EQ(std::count(words.begin(), words.end(), "--mount-socket"), 2);
    EXPECT_TRUE(has(words,
                    "/run/user/1000/botbottle/coder-ab12c/sockets/egress.sock:/opt/botbottle/"
                    "sockets/egress.sock"));
    EXPECT_TRUE(
        has(words, "/home/u/.bot-bottle/state/coder-ab12c/machine/in:/opt/botbottle/in:ro"));
    EXPECT_TRUE(
        has(words, "/home/u/.bot-bottle/state/coder-ab12c/workspace:/opt/botbottle/workspace"));
    for (const char* const never :
         {"--net", "-p", "-e", "--secret-env", "--allow-cidr", "--init", "--cpus"})
        EXPECT_FALSE(has(words, never)) << never;
    EXPECT_EQ((Words{words.end() - 3, words.end()}),
              (Words{"--", "/opt/botbottle/in/botbottle-machine", "hold"}));
}

TEST(Create, PassesLimitsOn) {
    const Words words = create_words(plan({2, 512, 5, 100}));
    EXPECT_EQ(after(words, "--cpus"), "2");
    EXPECT_EQ(after(words, "--mem"), "512");
    EXPECT_EQ(after(words, "--storage"), "5");
    EXPECT_EQ(after(enter_command(plan({2, 512, 5, 100})), "--pids"), "100");
}

TEST(Exec, EndsItsOwnWordsBeforeTheGuests) {
    const Words words = exec_words("m", "", Exec::terminal, 0, {"sh", "-c", "--"});
    EXPECT_EQ(words, (Words{"machine", "exec", "--name", "m", "-i", "-t", "-w", "/", "--", "sh",
                            "-c", "--"}));
    EXPECT_EQ(exec_words("m", "0", Exec::detached, 0, {"x"}),
              (Words{"machine", "exec", "--name", "m", "-d", "--user", "0", "-w", "/", "--", "x"}));
    EXPECT_EQ(after(exec_words("m", "", Exec::buffered, 9, {"x"}), "--timeout"), "9s");
    EXPECT_FALSE(has(exec_words("m", "", Exec::interactive, 0, {"x"}), "--timeout"));
}

TEST(Delete, NeverAsks) {
    EXPECT_TRUE(has(delete_words("m"), "--force"));
}

TEST(Enter, NamesForwardsAndTheBottlesUser) {
    const Words words = enter_command(plan());
    EXPECT_EQ(after(words, "--uid"), "1000");
    EXPECT_EQ(after(words, "--gid"), "1001");
    EXPECT_TRUE(has(words, "9099=egress.sock"));
    EXPECT_TRUE(has(words, "9420=git.sock"));
}

}  // namespace
}  // namespace backend_smolmachines
