// What the operator is shown: everything that matters, secrets by name only.
#include "plan/preflight.h"

#include <QJsonArray>

#include "fixture.h"

namespace botbottle {
namespace {

class Preflight : public test::PlanTest {
  protected:
    Preflight() {
        variables_ = {
            {"TOKEN", "sk-ant-oat01-canary-canary-canary-canary-canary-canary-canary-canary"},
            {"GH", "canary-github"},
            {"PW", "canary-password"}};
        write(QStringLiteral("ca.pem"), "-----BEGIN CERTIFICATE-----\ncanary-ca\n");
        write(QStringLiteral("home/settings.yaml"),
              "backend: bubblewrap\negress:\n  upstream_ca: " +
                  path(QStringLiteral("ca.pem")).toStdString() +
                  "\n  upstream_proxy: {url: 'http://p.example:3128', username: ada, password_ref: "
                  "PW}\n");
        bottle("env: {BASE: x}", "base");
        bottle(
            "extends: base\nenv: {EDITOR: canary-literal, KEY: '${GH}', PIN: '?Your PIN'}\n"
            "agent_provider: {auth_token: TOKEN}\ngit-gate: {user: {name: Ada, email: "
            "ada@example.com}}\n"
            "egress:\n  routes:\n    - {host: api.anthropic.com}\n"
            "    - {host: api.github.com, ports: [443, 8443], methods: [GET, POST], "
            "path_allowlist: [/repos/me], "
            "auth: {scheme: token, token_ref: GH}, git: {fetch: true}, ssrf_ip_allowlist: "
            "[10.0.0.0/8]}\n"
            "resources: {memory: 1536M, pids: 100, cpus: 1.5}\nworkspace: {exclude: "
            "[node_modules/]}");
        agent("bottle: dev\nskills: [pdf]", "canary-prompt");
        write(QStringLiteral("user/.claude/skills/pdf/SKILL.md"), "x");
    }

    Plan make() {
        LaunchRequest request = agent_request();
        request.working_directory = QStringLiteral("/src/project");
        request.copy_working_directory = true;
        const auto made = plan(request);
        EXPECT_TRUE(made) << made.error().message;
        return made.value_or(Plan{});
    }
};

TEST_F(Preflight, Text) {
    const Plan plan = make();
    const QJsonObject probe =
        test::parse(R"({"limits": {"cpus": true, "pids": true, "memory": false}})");
    const QString bottle_file = path(QStringLiteral("home/bottles/dev.md"));
    EXPECT_EQ(preflight_text(plan, unheld_limits(plan, probe)).toStdString(),
              "agent      dev\n"
              "provider   claude\n"
              "backend    bubblewrap\n"
              "bottle     base → dev\n"
              "env        CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC, "
              "CLAUDE_CODE_DISABLE_OFFICIAL_MARKETPLACE_AUTOINSTALL, DISABLE_AUTOUPDATER, "
              "DISABLE_ERROR_REPORTING, "
              "IS_SANDBOX, NODE_EXTRA_CA_CERTS, BASE, EDITOR, KEY (secret, from $GH), PIN (secret, "
              "asked for)\n"
              "skills     pdf\n"
              "identity   Ada <ada@example.com>\n"
              "workspace  a copy of /src/project without node_modules/\n"
              "routes     api.anthropic.com [auth:Bearer] /v1/messages /api/claude_code/settings "
              "/api/claude_code/policy_limits (provider:claude)\n"
              "           api.github.com:443,8443 [auth:token] GET,POST /repos/me git fetch "
              "private: 10.0.0.0/8\n"
              "upstream   through http://p.example:3128 as ada, own certificate authority trusted\n"
              "limits     cpus 1.5, memory 1536M, pids 100\n"
              "warning    this backend does not hold: memory\n"
              "note       " +
                  bottle_file.toStdString() +
                  ":8: the route for api.anthropic.com is dropped: the provider \"claude\" brings "
                  "its own\n");
}

TEST_F(Preflight, Json) {
    const QJsonObject json = preflight_json(make(), {QStringLiteral("memory")});
    EXPECT_EQ(json.value(QStringLiteral("schema")),
              QJsonValue(QStringLiteral("botbottle.preflight/1")));
    EXPECT_EQ(json.value(QStringLiteral("agent")), QJsonValue(QStringLiteral("dev")));
    EXPECT_EQ(json.value(QStringLiteral("limits_not_held")).toArray(),
              QJsonArray{QStringLiteral("memory")});
    EXPECT_EQ(json.value(QStringLiteral("limits")).toObject(),
              test::parse(R"({"cpus": 1.5, "memory": 1610612736, "pids": 100})"));
    EXPECT_EQ(json.value(QStringLiteral("routes"))[0][QStringLiteral("auth")].toObject(),
              test::parse(R"({"scheme": "Bearer", "slot": "provider.claude.token"})"));
    EXPECT_EQ(json.value(QStringLiteral("credentials")).toArray().size(), 3);
    EXPECT_EQ(json.value(QStringLiteral("workspace")).toObject(),
              test::parse(R"({"copy_of": "/src/project", "exclude": ["node_modules/"]})"));
    QJsonObject key;
    for (const QJsonValue& entry : json.value(QStringLiteral("env")).toArray()) {
        EXPECT_NE(entry[QStringLiteral("name")],
                  QJsonValue(QStringLiteral("CLAUDE_CODE_OAUTH_TOKEN")));
        if (entry[QStringLiteral("name")] == QJsonValue(QStringLiteral("KEY")))
            key = entry.toObject();
    }
    EXPECT_EQ(key, test::parse(R"({"name": "KEY", "source": "host_variable", "reference": "GH"})"));
}

TEST_F(Preflight, NoSecretIsShown) {
    const Plan plan = make();
    for (const std::string& shown :
         {preflight_text(plan, {}).toStdString(), test::compact(preflight_json(plan, {}))}) {
        EXPECT_EQ(shown.find("canary"), std::string::npos) << shown;
        EXPECT_EQ(shown.find("placeholder"), std::string::npos) << shown;
    }
}

TEST_F(Preflight, WhatIsNotScannedIsSaidSo) {
    bottle(
        "egress:\n  routes:\n    - {host: a.example, dlp: off}\n    - {host: b.example, dlp: "
        "block}\n"
        "    - {host: c.example, intercept: false}");
    const auto plan = plan_command();
    ASSERT_TRUE(plan) << plan.error().message;
    EXPECT_TRUE(
        preflight_text(*plan, {}).contains(QStringLiteral("routes     a.example not scanned\n"
                                                          "           b.example\n"
                                                          "           c.example not decrypted\n")));
}

TEST_F(Preflight, ABareCommand) {
    LaunchRequest request;
    request.command = {QStringLiteral("sh"), QStringLiteral("-c"), QStringLiteral("a\x1b[2Jb")};
    const auto plan = this->plan(request);
    ASSERT_TRUE(plan);
    EXPECT_EQ(
        preflight_text(*plan, {}).toStdString(),
        "command    sh -c a\\u001b[2Jb\n"
        "backend    bubblewrap\n"
        "bottle     none\n"
        "workspace  empty\n"
        "routes     none: nothing can be reached\n"
        "upstream   through http://p.example:3128 as ada, own certificate authority trusted\n");
}

TEST_F(Preflight, AClaimedIdentityIsSaidToBeOne) {
    write(QStringLiteral("repository/.bot-bottle/agents/dev.md"),
          "---\nbottle: dev\ngit-gate: {user: {name: Linus}}\n---\n");
    const QString text = preflight_text(make(), {});
    EXPECT_TRUE(text.contains(QStringLiteral("agent      dev (from this repository)\n")))
        << text.toStdString();
    EXPECT_TRUE(
        text.contains(QStringLiteral("Linus <ada@example.com> (claimed by the repository)\n")))
        << text.toStdString();
}

}  // namespace
}  // namespace botbottle
