// From manifest to plan: what is merged, what is dropped, and every reason not to launch.
#include "fixture.h"
#include "plan/plan.h"
#include "plan/policy.h"

namespace botbottle {
namespace {

class BuildPlan : public test::PlanTest {
  protected:
    std::string file(const char* relative) const {
        return path(QString::fromLatin1(relative)).toStdString();
    }
    static PlannedEnv env(const Plan& plan, const char* name) {
        for (const PlannedEnv& entry : plan.env) {
            if (entry.name == QLatin1String(name)) return entry;
        }
        return {};
    }
};

TEST_F(BuildPlan, ABareCommandNeedsNothing) {
    LaunchRequest request;
    request.command = {QStringLiteral("ls"), QStringLiteral("-l")};
    request.working_directory = QStringLiteral("/here");
    const auto plan = this->plan(request);
    ASSERT_TRUE(plan) << plan.error().message;
    EXPECT_EQ(plan->identity_base, QStringLiteral("run"));
    EXPECT_EQ(plan->command, request.command);
    EXPECT_TRUE(plan->routes.isEmpty());
    EXPECT_TRUE(plan->env.isEmpty());
    EXPECT_FALSE(plan->provider);
    EXPECT_EQ(plan->backend, QStringLiteral("auto"));
    EXPECT_EQ(command_line(*plan, plugins_, {}, false).value(), request.command);
}

TEST_F(BuildPlan, ACommandInABottleGetsItsRoutesButNoProvider) {
    variables_["GH"] = "secret";
    bottle(
        "agent_provider: {template: no-such-provider}\n"
        "egress:\n  routes:\n    - {host: api.github.com, auth: {scheme: token, token_ref: GH}}\n"
        "resources: {memory: 1G}");
    const auto plan = plan_command();
    ASSERT_TRUE(plan) << plan.error().message;
    EXPECT_EQ(plan->identity_base, QStringLiteral("dev"));
    ASSERT_EQ(plan->routes.size(), 1);
    EXPECT_EQ(plan->routes[0].owner, QStringLiteral("bottle"));
    EXPECT_EQ(plan->routes[0].auth->slot, QStringLiteral("egress.api.github.com"));
    EXPECT_EQ(
        plan->credential_slots,
        (QList<CredentialSlot>{{QStringLiteral("egress.api.github.com"), QStringLiteral("GH")}}));
    EXPECT_EQ(plan->resources.memory_bytes, qint64{1} << 30);
}

TEST_F(BuildPlan, AnAgentWithClaude) {
    variables_["TOKEN"] = "sk-ant-oat01-" + std::string(95, 'x');
    variables_["GH"] = "secret";
    bottle(
        "env: {EDITOR: vi, DISABLE_AUTOUPDATER: '0', KEY: '${GH}', PIN: '?Your PIN'}\n"
        "agent_provider: {auth_token: TOKEN}\n"
        "git-gate: {user: {name: Base, email: base@example.com}}\n"
        "egress:\n  routes:\n    - {host: api.anthropic.com}\n    - {host: api.github.com, git: "
        "{fetch: true}}\n"
        "workspace: {exclude: [x]}");
    agent("bottle: dev\ngit-gate: {user: {name: Ada}}", "Be brief.\n");
    LaunchRequest request = agent_request();
    request.headless_prompt = QStringLiteral("go");
    request.arguments = {QStringLiteral("--model"), QStringLiteral("x")};
    const auto plan = this->plan(request);
    ASSERT_TRUE(plan) << plan.error().message;
    EXPECT_EQ(plan->identity_base, QStringLiteral("dev"));
    EXPECT_EQ(plan->prompt, QStringLiteral("Be brief."));
    EXPECT_EQ(plan->git_identity.name, QStringLiteral("Ada"));
    EXPECT_EQ(plan->git_identity.email, QStringLiteral("base@example.com"));
    EXPECT_FALSE(plan->identity_claimed);
    ASSERT_TRUE(plan->provider);
    EXPECT_EQ(plan->provider->command, QStringLiteral("claude"));

    // The provider owns its host; the bottle's route for it is dropped, and that is told.
    ASSERT_EQ(plan->routes.size(), 2);
    EXPECT_EQ(plan->routes[0].host, QStringLiteral("api.anthropic.com"));
    EXPECT_EQ(plan->routes[0].owner, QStringLiteral("provider:claude"));
    EXPECT_EQ(plan->routes[0].auth->slot, QStringLiteral("provider.claude.token"));
    EXPECT_TRUE(plan->routes[1].git_fetch);
    EXPECT_EQ(plan->notes,
              QStringList(QString::fromStdString(file("home/bottles/dev.md") +
                                                 ":7: the route for api.anthropic.com is dropped: "
                                                 "the provider \"claude\" brings its own")));
    EXPECT_EQ(plan->credential_slots,
              (QList<CredentialSlot>{
                  {QStringLiteral("provider.claude.token"), QStringLiteral("TOKEN")}}));

    // The bottle's variables win over the provider's.
    EXPECT_EQ(env(*plan, "DISABLE_AUTOUPDATER").value, QStringLiteral("0"));
    EXPECT_EQ(env(*plan, "DISABLE_AUTOUPDATER").source, PlannedEnv::Source::Literal);
    EXPECT_EQ(env(*plan, "IS_SANDBOX").source, PlannedEnv::Source::Provider);
    EXPECT_TRUE(env(*plan, "CLAUDE_CODE_OAUTH_TOKEN").hidden);
    EXPECT_EQ(env(*plan, "KEY").reference, QStringLiteral("GH"));
    EXPECT_TRUE(env(*plan, "KEY").secret());
    EXPECT_EQ(env(*plan, "PIN").reference, QStringLiteral("Your PIN"));

    const auto argv = command_line(*plan, plugins_, QStringLiteral("/p.md"), false);
    ASSERT_TRUE(argv) << argv.error().message;
    EXPECT_EQ(
        argv->join(u' '),
        QStringLiteral("claude --dangerously-skip-permissions --append-system-prompt-file /p.md -p "
                       "--output-format stream-json --verbose --model x -- go"));
}

TEST_F(BuildPlan, TheProviderLearnsTheShapeOfACredentialAndNothingElse) {
    variables_ = {{"TOKEN", "sk-ant-oat01-" + std::string(95, 'x')},
                  {"SHORT", "0123456789"},
                  {"SCRIPTED_HOST_ENV", "seen"},
                  {"OTHER", "unseen"}};
    bottle("agent_provider: {template: scripted, show: true, token: TOKEN, second: SHORT}");
    agent("bottle: dev");
    const auto plan = plan_agent();
    ASSERT_FALSE(plan);
    ASSERT_EQ(plan.error().code, "shown");
    const QJsonObject request = test::parse(plan.error().message);
    EXPECT_EQ(request.value(QStringLiteral("secret_shapes")).toObject(),
              test::parse(R"({"TOKEN": {"prefix": "sk-ant-oat01-x", "length": 108},
                              "SHORT": {"prefix": "01", "length": 10}})"));
    EXPECT_EQ(request.value(QStringLiteral("host_env")).toObject(),
              test::parse(R"({"SCRIPTED_HOST_ENV": "seen"})"));
    EXPECT_EQ(request.value(QStringLiteral("state_dir")), QJsonValue(QStringLiteral("/state")));
    EXPECT_EQ(request.value(QStringLiteral("headless")), QJsonValue(false));
    EXPECT_TRUE(request.value(QStringLiteral("supervise")).isNull());
    EXPECT_EQ(request.value(QStringLiteral("guest"))[QStringLiteral("home")],
              QJsonValue(QStringLiteral("/home/agent")));
    EXPECT_EQ(plan.error().message.find(std::string(20, 'x')), std::string::npos);
}

// What `info` shows: all that can be known without the host's variables.
TEST_F(BuildPlan, ForShowOnlyWhatIsNotSetIsAWarning) {
    bottle(
        "agent_provider: {template: scripted, token: TOKEN}\nenv: {A: '${HOST_A}'}\n"
        "egress: {routes: [{host: a.example, auth: {scheme: Bearer, token_ref: GH}}]}");
    agent("bottle: dev");
    ASSERT_FALSE(plan_agent());
    LaunchRequest request = agent_request();
    request.only_shown = true;
    variables_["GH"] = "";
    const auto shown = plan(request);
    ASSERT_TRUE(shown) << shown.error().message;
    const std::string at = file("home/bottles/dev.md");
    EXPECT_EQ(shown->warnings.join(QLatin1Char('\n')).toStdString(),
              at + ":2: agent_provider.token: the environment variable TOKEN is not set\n" + at +
                  ":4: the credential for a.example: the environment variable GH is empty\n" + at +
                  ":3: env.A: the environment variable HOST_A is not set");
    EXPECT_EQ(shown->credential_slots.last().host_variable, QStringLiteral("GH"));
}

TEST_F(BuildPlan, Skills) {
    bottle("agent_provider: {template: scripted}");
    agent("bottle: dev\nskills: [pdf]");
    auto plan = plan_agent();
    ASSERT_FALSE(plan);
    EXPECT_EQ(plan.error().code, "unknown_skill");
    EXPECT_EQ(plan.error().message,
              file("home/agents/dev.md") + ": skills: there is no skill \"pdf\"");

    write(QStringLiteral("user/.claude/skills/pdf/SKILL.md"), "x");
    plan = plan_agent();
    ASSERT_TRUE(plan) << plan.error().message;
    ASSERT_EQ(plan->skills.size(), 1);
    EXPECT_EQ(plan->skills[0].source, path(QStringLiteral("user/.claude/skills/pdf")));
    EXPECT_EQ(plan->skills[0].destination, QStringLiteral("/home/agent/skills/pdf"));

    // The provider's own place comes first: where it looks inside, below the operator's home.
    write(QStringLiteral("user/skills/pdf/SKILL.md"), "y");
    plan = plan_agent();
    ASSERT_TRUE(plan) << plan.error().message;
    EXPECT_EQ(plan->skills[0].source, path(QStringLiteral("user/skills/pdf")));

    bottle(
        R"(agent_provider: {template: scripted, reply: '{"schema": "botbottle.provider-plan/1", "command": "x"}'})");
    plan = plan_agent();
    ASSERT_FALSE(plan);
    EXPECT_EQ(plan.error().message,
              file("home/agents/dev.md") + ": skills: the provider \"scripted\" knows no skills");
}

TEST_F(BuildPlan, AnAgentOfTheRepositoryClaims) {
    bottle("agent_provider: {template: scripted}");
    write(QStringLiteral("repository/.bot-bottle/agents/dev.md"),
          "---\nbottle: dev\ngit-gate: {user: {name: Linus}}\n---\n");
    const auto plan = plan_agent();
    ASSERT_TRUE(plan) << plan.error().message;
    EXPECT_TRUE(plan->agent_from_repository);
    EXPECT_TRUE(plan->identity_claimed);
    EXPECT_EQ(plan->git_identity.name, QStringLiteral("Linus"));
}

TEST_F(BuildPlan, UpstreamProxyAndCertificates) {
    write(QStringLiteral("ca.pem"),
          "# ours\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    write(QStringLiteral("home/settings.yaml"),
          "egress:\n  upstream_ca: " + file("ca.pem") +
              "\n  upstream_proxy: {url: 'http://p.example:1', username: ada, password_ref: PW}\n");
    LaunchRequest request;
    request.command = {QStringLiteral("true")};
    auto plan = this->plan(request);
    ASSERT_FALSE(plan);
    EXPECT_EQ(plan.error().code, "missing_variable");
    EXPECT_EQ(plan.error().message,
              file("home/settings.yaml") +
                  ":3: egress.upstream_proxy: the environment variable PW is not set");

    variables_["PW"] = "x";
    plan = this->plan(request);
    ASSERT_TRUE(plan) << plan.error().message;
    EXPECT_EQ(plan->upstream.proxy->host, QStringLiteral("p.example"));
    EXPECT_EQ(plan->credential_slots,
              (QList<CredentialSlot>{{QStringLiteral("upstream.proxy"), QStringLiteral("PW")}}));
    EXPECT_TRUE(plan->upstream.ca_pem.startsWith(QStringLiteral("# ours")));
}

TEST_F(BuildPlan, WhatIsLookedForBesides) {
    write(QStringLiteral("home/settings.yaml"),
          "egress:\n  scan_rules: " + file("rules.txt") + "\n  canaries: [CANARY]\n");
    LaunchRequest request;
    request.command = {QStringLiteral("true")};
    variables_["CANARY"] = "x";
    auto plan = this->plan(request);
    ASSERT_FALSE(plan);
    EXPECT_EQ(plan.error().code, "scan_rules_unreadable");
    EXPECT_EQ(plan.error().message, file("home/settings.yaml") + ":2: egress.scan_rules: " +
                                        file("rules.txt") + ": there is no such file");
    write(QStringLiteral("rules.txt"), std::string("ours\xff"));
    plan = this->plan(request);
    ASSERT_FALSE(plan);
    EXPECT_NE(plan.error().message.find("it is no text in UTF-8"), std::string::npos);
    write(QStringLiteral("rules.txt"), "ours plain ours_[0-9]{8}\n");
    plan = this->plan(request);
    ASSERT_TRUE(plan) << plan.error().message;
    EXPECT_EQ(plan->scan_rules, QStringLiteral("ours plain ours_[0-9]{8}\n"));
    EXPECT_EQ(plan->credential_slots,
              (QList<CredentialSlot>{{QStringLiteral("canary.CANARY"), QStringLiteral("CANARY")}}));
    EXPECT_EQ(policy_document(*plan, 1).value(QStringLiteral("scan_rules")),
              QJsonValue(plan->scan_rules));
    variables_.erase("CANARY");
    plan = this->plan(request);
    ASSERT_FALSE(plan);
    EXPECT_EQ(plan.error().code, "missing_variable");
    EXPECT_EQ(plan.error().message,
              file("home/settings.yaml") +
                  ":3: egress.canaries: the environment variable CANARY is not set");
}

TEST_F(BuildPlan, CertificateFilesThatAreNone) {
    struct Row {
        const char* content;  // null: no file
        const char* error;
    };
    const Row rows[] = {
        {nullptr, "there is no such file"},
        {"", "it holds no certificate in PEM form"},
        {"-----BEGIN PRIVATE KEY-----\ncanary\n-----BEGIN CERTIFICATE-----\n",
         "it holds a private key; give a file with certificates only"},
    };
    write(QStringLiteral("home/settings.yaml"), "egress: {upstream_ca: " + file("ca.pem") + "}\n");
    for (const Row& row : rows) {
        if (row.content != nullptr) write(QStringLiteral("ca.pem"), row.content);
        LaunchRequest request;
        request.command = {QStringLiteral("true")};
        const auto plan = this->plan(request);
        ASSERT_FALSE(plan) << row.error;
        EXPECT_EQ(plan.error().code, "upstream_ca_unreadable");
        EXPECT_EQ(plan.error().message, file("home/settings.yaml") + ":1: egress.upstream_ca: " +
                                            file("ca.pem") + ": " + row.error);
    }
}

TEST_F(BuildPlan, WhatDoesNotExist) {
    EXPECT_EQ(plan_agent().error().code, "unknown_agent");
    EXPECT_EQ(plan_command("none").error().code, "unknown_bottle");
    agent("skills: []\nbottle: dve");
    bottle("");
    EXPECT_EQ(plan_agent().error().message,
              file("home/agents/dev.md") +
                  ":3: bottle: there is no bottle \"dve\"; did you mean \"dev\"?");
    agent("bottle: dev");
    bottle("agent_provider:\n  template: cluade");
    const auto plan = plan_agent();
    EXPECT_EQ(plan.error().code, "unknown_plugin");
    EXPECT_EQ(plan.error().message,
              file("home/bottles/dev.md") +
                  ":3: agent_provider.template: there is no provider plugin \"cluade\"; did you "
                  "mean \"claude\"?");
}

TEST_F(BuildPlan, EveryMissingVariableIsNamedAtOnce) {
    variables_["EMPTY"] = "";
    bottle(
        "env: {A: '${NOT_SET}'}\negress:\n  routes:\n    - {host: a.example, auth: {scheme: "
        "Bearer, token_ref: EMPTY}}");
    const auto plan = plan_command();
    ASSERT_FALSE(plan);
    EXPECT_EQ(plan.error().code, "missing_variable");
    EXPECT_EQ(plan.error().message,
              file("home/bottles/dev.md") +
                  ":5: the credential for a.example: the environment variable EMPTY is empty\n" +
                  file("home/bottles/dev.md") +
                  ":2: env.A: the environment variable NOT_SET is not set");
    EXPECT_EQ(plan.error().hint, "export EMPTY and NOT_SET before you start the bottle");
}

TEST_F(BuildPlan, AMissingProviderCredentialIsNamed) {
    bottle("agent_provider:\n  auth_token: TOKEN");
    agent("bottle: dev");
    const auto plan = plan_agent();
    ASSERT_FALSE(plan);
    EXPECT_EQ(plan.error().message,
              file("home/bottles/dev.md") +
                  ":3: agent_provider.auth_token: the environment variable TOKEN is not set");
}

// The credential of a route that the provider replaces is not needed.
TEST_F(BuildPlan, ADroppedRouteNeedsNoCredential) {
    variables_["TOKEN"] = "sk-ant-oat01-" + std::string(95, 'x');
    bottle(
        "agent_provider: {auth_token: TOKEN}\negress:\n  routes:\n"
        "    - {host: API.anthropic.com, auth: {scheme: Bearer, token_ref: NOT_SET}}");
    agent("bottle: dev");
    const auto plan = plan_agent();
    ASSERT_TRUE(plan) << plan.error().message;
    EXPECT_EQ(plan->routes.size(), 1);
}

TEST_F(BuildPlan, APlaceholderCannotBeOverridden) {
    variables_["TOKEN"] = "sk-ant-oat01-" + std::string(95, 'x');
    bottle("agent_provider: {auth_token: TOKEN}\nenv:\n  CLAUDE_CODE_OAUTH_TOKEN: '${TOKEN}'");
    agent("bottle: dev");
    const auto plan = plan_agent();
    ASSERT_FALSE(plan);
    EXPECT_EQ(plan.error().code, "env_conflict");
    EXPECT_EQ(plan.error().message,
              file("home/bottles/dev.md") +
                  ":4: env.CLAUDE_CODE_OAUTH_TOKEN: the provider \"claude\" puts a placeholder "
                  "there, and the credential stays outside of the bottle");
}

TEST_F(BuildPlan, ABadCommandLineIsRefused) {
    bottle("agent_provider: {template: scripted}");
    agent("bottle: dev");
    LaunchRequest request = agent_request();
    request.arguments = {QStringLiteral("fail")};
    const auto plan = this->plan(request);
    ASSERT_TRUE(plan);
    EXPECT_EQ(command_line(*plan, plugins_, {}, false).error().code, "bad_reply");
}

TEST_F(BuildPlan, TheCommandLineRequestSaysWhatIsAsked) {
    bottle("agent_provider: {template: scripted}");
    agent("bottle: dev");
    auto plan = plan_agent();
    ASSERT_TRUE(plan);
    const auto request = [&](const QString& prompt_file, bool resume) {
        return test::parse(
            command_line(*plan, plugins_, prompt_file, resume).value().at(1).toStdString());
    };
    EXPECT_TRUE(request({}, false).value(QStringLiteral("prompt_file")).isNull());
    EXPECT_TRUE(request({}, false).value(QStringLiteral("headless_prompt")).isNull());
    EXPECT_EQ(request(QStringLiteral("/p"), true).value(QStringLiteral("prompt_file")),
              QJsonValue(QStringLiteral("/p")));
    EXPECT_EQ(request({}, true).value(QStringLiteral("resume")), QJsonValue(true));
    plan->headless = true;
    EXPECT_EQ(request({}, false).value(QStringLiteral("headless_prompt")), QJsonValue(QString()));
}

}  // namespace
}  // namespace botbottle
