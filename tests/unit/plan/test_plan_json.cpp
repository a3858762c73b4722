// The plan in the metadata, and no secret in it; the guest as a backend describes it.
#include "fixture.h"
#include "plan/policy.h"

namespace botbottle {
namespace {

class PlanJson : public test::PlanTest {};

TEST_F(PlanJson, HoldsWhatWasPlannedAndNoSecret) {
    variables_ = {{"TOKEN", "sk-ant-oat01-canary-canary-canary-canary-canary-canary-canary-canary"},
                  {"GH", "canary-github"},
                  {"PW", "canary-password"}};
    write(QStringLiteral("home/settings.yaml"),
          "egress:\n  upstream_proxy: {url: 'http://p.example:3128', username: ada, password_ref: "
          "PW}\n");
    bottle(
        "env: {EDITOR: vi, KEY: '${GH}', PIN: '?Your PIN'}\nagent_provider: {auth_token: TOKEN}\n"
        "git-gate: {user: {name: Ada, email: ada@example.com}}\n"
        "egress:\n  routes:\n    - {host: a.example, ports: [1, 2], methods: [GET], "
        "path_allowlist: [/x], git: "
        "{fetch: true}, auth: {scheme: header, name: X-Key, prefix: Key, token_ref: GH}}\n"
        "    - {host: b.example, auth: {scheme: Basic, username: u, token_ref: GH}, "
        "ssrf_ip_allowlist: [10.0.0.0/8]}\n"
        "    - {host: c.example, auth: {scheme: token, token_ref: GH}}\n"
        "resources: {memory: 8T, disk: 1G, pids: 100, cpus: 1.5}\nworkspace: {mode: none, exclude: "
        "[x]}");
    agent("bottle: dev\nskills: [pdf]", "Do it.");
    write(QStringLiteral("user/.claude/skills/pdf/SKILL.md"), "x");
    LaunchRequest request = agent_request();
    request.headless_prompt = QStringLiteral("go");
    request.arguments = {QStringLiteral("--x")};
    request.label = QStringLiteral("label");
    request.working_directory = QStringLiteral("/src");
    request.copy_working_directory = true;
    Guest guest;
    guest.home = QStringLiteral("/home/other");
    guest.uid = 7;
    const auto plan = this->plan(request, guest);
    ASSERT_TRUE(plan) << plan.error().message;

    const QJsonObject stored = plan_to_json(*plan);
    EXPECT_EQ(test::compact(stored).find("canary"), std::string::npos);
    EXPECT_EQ(test::compact(stored).find("sk-ant-oat01-can"), std::string::npos);
    EXPECT_EQ(stored.value(QStringLiteral("schema")),
              QJsonValue(QStringLiteral("botbottle.plan/1")));
    EXPECT_EQ(stored.value(QStringLiteral("routes")),
              policy_document(*plan, 1).value(QStringLiteral("routes")));
    EXPECT_EQ(stored.value(QStringLiteral("guest"))[QStringLiteral("uid")], QJsonValue(7));
    EXPECT_EQ(stored.value(QStringLiteral("prompt")), QJsonValue(QStringLiteral("Do it.")));
    EXPECT_EQ(stored.value(QStringLiteral("provider"))[QStringLiteral("settings")].toObject(),
              test::parse(R"({"auth_token": "TOKEN"})"));
    EXPECT_EQ(
        stored.value(QStringLiteral("workspace")).toObject(),
        test::parse(
            R"({"mode": "none", "exclude": ["x"], "copied": true, "working_directory": "/src"})"));
    EXPECT_EQ(
        stored.value(QStringLiteral("limits")).toObject(),
        test::parse(R"({"cpus": 1.5, "memory": 8796093022208, "pids": 100, "disk": 1073741824})"));
    EXPECT_EQ(stored.value(QStringLiteral("credentials")).toArray().size(), 5);
}

TEST_F(PlanJson, GuestsHavePlainPaths) {
    EXPECT_EQ(guest_from_json({})->home, QStringLiteral("/home/agent"));
    const auto guest =
        guest_from_json(test::parse(R"({"home": "/h", "uid": 5, "gid": 6, "user": "u"})"));
    ASSERT_TRUE(guest);
    EXPECT_EQ(guest->home, QStringLiteral("/h"));
    EXPECT_EQ(guest->uid, 5);
    for (const char* home : {"", "h", "/", "/a/../b", "/a/"}) {
        QJsonObject object;
        object.insert(QStringLiteral("home"), QString::fromLatin1(home));
        EXPECT_EQ(guest_from_json(object).error().code, "bad_guest") << home;
    }
}

}  // namespace
}  // namespace botbottle
