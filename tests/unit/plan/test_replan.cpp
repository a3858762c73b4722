// Planning again for the guest that was prepared: the same, or a refusal.
#include "fixture.h"
#include "plan/policy.h"

namespace botbottle {
namespace {

class Replan : public test::PlanTest {
  protected:
    static Guest other_guest() {
        Guest guest;
        guest.home = QStringLiteral("/home/other");
        guest.workspace = QStringLiteral("/home/other/work");
        return guest;
    }
};

TEST_F(Replan, FollowsTheGuestWithoutTheVariables) {
    variables_["TOKEN"] = "sk-ant-api03-" + std::string(95, 'x');
    variables_["GH"] = "secret";
    bottle(
        "env: {IS_SANDBOX: '0', KEY: '${GH}'}\nagent_provider: {auth_token: TOKEN}\n"
        "egress: {routes: [{host: a.example, auth: {scheme: Bearer, token_ref: GH}}]}");
    agent("bottle: dev\nskills: [pdf]");
    write(QStringLiteral("user/.claude/skills/pdf/SKILL.md"), "x");
    const auto seen = plan_agent();
    ASSERT_TRUE(seen) << seen.error().message;
    variables_.clear();  // as after wipe_host_variables
    const auto plan = replan(*seen, other_guest());
    ASSERT_TRUE(plan) << plan.error().message;
    EXPECT_EQ(plan->guest.home, QStringLiteral("/home/other"));
    EXPECT_EQ(plan->provider->files[0].path, QStringLiteral("/home/other/.claude.json"));
    EXPECT_TRUE(plan->provider->files[0].content.contains(QStringLiteral("/home/other/work")));
    EXPECT_EQ(plan->skills[0].destination, QStringLiteral("/home/other/.claude/skills/pdf"));
    EXPECT_EQ(policy_document(*plan, 1), policy_document(*seen, 1));
    EXPECT_EQ(plan->credential_slots.size(), 2);
    ASSERT_EQ(plan->env.size(), seen->env.size());
    for (qsizetype i = 0; i < plan->env.size(); ++i)
        EXPECT_EQ(plan->env[i].name, seen->env[i].name);
}

TEST_F(Replan, ABareCommandOnlyMoves) {
    LaunchRequest request;
    request.command = {QStringLiteral("true")};
    const auto seen = plan(request);
    ASSERT_TRUE(seen);
    EXPECT_EQ(replan(*seen, other_guest())->guest.home, QStringLiteral("/home/other"));
}

// A route that depends on the guest was not what the operator said yes to.
TEST_F(Replan, OtherRoutesAreRefused) {
    bottle(
        R"(agent_provider: {template: scripted, reply: '{"schema": "botbottle.provider-plan/1", "command": "x",
               "routes": [{"host": "a.example", "path_allowlist": ["$HOME"]}]}'})");
    agent("bottle: dev");
    const auto seen = plan_agent();
    ASSERT_TRUE(seen) << seen.error().message;
    EXPECT_TRUE(replan(*seen, Guest{}));
    const auto plan = replan(*seen, other_guest());
    ASSERT_FALSE(plan);
    EXPECT_EQ(plan.error().code, "plan_changed");
}

}  // namespace
}  // namespace botbottle
