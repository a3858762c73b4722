// "What changed since": two plans of one bottle, and what the operator is told before it goes on.
#include "fixture.h"

namespace botbottle {
namespace {

using test::parse;

const char kPlan[] = R"({
  "agent": "coder", "bottle": "dev", "bottle_chain": ["base", "dev"], "label": "l", "backend": "auto",
  "guest": {"home": "/home/agent"},
  "provider": {"id": "claude", "settings": {"auth_token": "TOKEN"}, "command": "claude",
               "skills_directory": "/home/agent/.claude/skills",
               "conversation": ["/home/agent/.claude/projects"]},
  "env": [{"name": "A", "source": "literal", "value": "x"},
          {"name": "DISABLE", "source": "provider", "value": "1"}],
  "routes": [{"host": "a.example", "ports": [443]}, {"host": "b.example", "ports": [443]}],
  "credentials": [{"slot": "egress.a.example", "host_variable": "GH"}],
  "upstream": {"proxy": null, "ca": ""},
  "repos": [{"name": "lib", "url": "ssh://git@h.example/lib"}],
  "git_identity": {"name": "Ada", "email": null, "claimed": false},
  "prompt": "Be good.",
  "skills": [{"name": "pdf", "source": "/h/pdf", "destination": "/home/agent/.claude/skills/pdf"}],
  "limits": {"cpus": 2}, "dockerfile": "", "supervise": false, "budget": {},
  "workspace": {"mode": "copy", "exclude": ["*.o"], "copied": true, "working_directory": "/w"}
})";

struct Row {
    const char* member;  // of the plan, which it replaces
    const char* value;
    const char* told;  // the lines, joined by "|"
};

const Row kRows[] = {
    // What is the manifest's is told, old and new.
    {"bottle", R"("other")", R"(bottle: "other" was "dev")"},
    {"bottle_chain", R"(["dev"])", R"(bottle_chain: ["dev"] was ["base","dev"])"},
    {"git_identity", R"({"name": "Eve", "email": null, "claimed": true})",
     R"(git_identity: {"claimed":true,"email":null,"name":"Eve"} was )"
     R"({"claimed":false,"email":null,"name":"Ada"})"},
    {"limits", R"({"cpus": 2, "pids": 9})", R"(limits: {"cpus":2,"pids":9} was {"cpus":2})"},
    {"limits", "{}", R"(limits: {} was {"cpus":2})"},
    {"dockerfile", R"("/d")", R"(dockerfile: "/d" was "")"},
    {"supervise", "true", "supervise: true was false"},
    {"budget", R"({"requests": 5})", R"(budget: {"requests":5} was {})"},
    {"upstream", R"({"proxy": {"host": "p"}, "ca": ""})",
     R"(upstream: {"ca":"","proxy":{"host":"p"}} was {"ca":"","proxy":null})"},
    {"prompt", R"("Be bad.")", "prompt: changed"},
    // A provider, but not where its things lie in the guest.
    {"provider", R"({"id": "codex", "settings": {"auth_token": "TOKEN"}, "command": "codex"})",
     R"(provider.id: "codex" was "claude"|provider.command: "codex" was "claude")"},
    {"provider", R"({"id": "claude", "settings": {}, "command": "claude"})",
     R"(provider.settings: {} was {"auth_token":"TOKEN"})"},
    {"provider",
     R"({"id": "claude", "settings": {"auth_token": "TOKEN"}, "command": "claude",
         "skills_directory": "/elsewhere", "conversation": ["/elsewhere"]})",
     ""},
    {"workspace", R"({"mode": "none", "exclude": ["*.o"], "copied": true})",
     R"(workspace.mode: "none" was "copy")"},
    {"workspace", R"({"mode": "copy", "exclude": [], "copied": false})",
     R"(workspace.exclude: [] was ["*.o"])"},
    // Lists, by their names.
    {"env", R"([{"name": "A", "source": "literal", "value": "y"}])", "env A: changed"},
    {"env", R"([{"name": "A", "source": "host", "reference": "H", "value": ""}])",
     "env A: changed"},
    {"env", "[]", "env A: gone"},
    {"env",
     R"([{"name": "A", "source": "literal", "value": "x"}, {"name": "B", "source": "prompt"}])",
     "env B: new"},
    {"env",
     R"([{"name": "A", "source": "literal", "value": "x"},
         {"name": "NEW", "source": "provider", "value": "1"}])",
     ""},
    {"routes", R"([{"host": "a.example", "ports": [443]}])", "route b.example: gone"},
    {"routes",
     R"([{"host": "b.example", "ports": [443]}, {"host": "a.example", "ports": [443, 8443]}])",
     "route a.example: changed"},
    {"routes",
     R"([{"host": "a.example", "ports": [443]}, {"host": "b.example", "ports": [443]},
         {"host": "c.example", "ports": [443]}])",
     "route c.example: new"},
    {"credentials", R"([{"slot": "egress.a.example", "host_variable": "OTHER"}])",
     "credential egress.a.example: changed"},
    {"repos", R"([{"name": "lib", "url": "ssh://git@other.example/lib"}])", "repo lib: changed"},
    {"repos", "[]", "repo lib: gone"},
    {"skills", R"([{"name": "pdf", "source": "/h/other"}])", "skill pdf: changed"},
    {"skills", R"([{"name": "pdf", "source": "/h/pdf", "destination": "/elsewhere/pdf"}])", ""},
    {"skills", R"([{"name": "xls", "source": "/h/xls"}])", "skill xls: new|skill pdf: gone"},
    // What is this start's, and no manifest's.
    {"label", R"("other")", ""},
    {"backend", R"("docker")", ""},
    {"guest", R"({"home": "/elsewhere"})", ""},
};

std::string told(const QJsonObject& before, const QJsonObject& now) {
    return plan_changes(before, now).join(QLatin1Char('|')).toStdString();
}

TEST(PlanChanges, EachMember) {
    const QJsonObject before = parse(kPlan);
    EXPECT_EQ(told(before, before), "");
    for (const Row& row : kRows) {
        QJsonObject now = before;
        now[QLatin1String(row.member)] =
            parse(std::string("{\"v\": ") + row.value + "}").value(QLatin1String("v"));
        ASSERT_FALSE(now.value(QLatin1String(row.member)).isUndefined()) << row.value;
        EXPECT_EQ(told(before, now), row.told) << row.member << ": " << row.value;
    }
}

// A name comes from a file that a repository may have written.
TEST(PlanChanges, NamesDoNotDriveTheTerminal) {
    QJsonObject now = parse(kPlan);
    now[QStringLiteral("repos")] =
        QJsonArray{QJsonObject{{QStringLiteral("name"), QStringLiteral("lib")},
                               {QStringLiteral("url"), QStringLiteral("ssh://git@h.example/lib")}},
                   QJsonObject{{QStringLiteral("name"), QStringLiteral("a\x1b[2J")}}};
    EXPECT_EQ(told(parse(kPlan), now), "repo a\\u001b[2J: new");
}

TEST(PlanChanges, WhatAnOlderVersionDidNotWriteDownIsNoChange) {
    QJsonObject before = parse(kPlan);
    before.remove(QStringLiteral("supervise"));
    before.remove(QStringLiteral("budget"));
    EXPECT_EQ(told(before, parse(kPlan)), "");
}

// The real thing: nothing of a plan changes by being made twice, in whatever guest.
class PlanChangesOfPlans : public test::PlanTest {};

TEST_F(PlanChangesOfPlans, TheSameManifestIsNoChange) {
    variables_["T"] = "x";
    bottle(
        "agent_provider:\n  template: scripted\n  reply: '{\"schema\": "
        "\"botbottle.provider-plan/1\", \"command\": \"x\"}'\n"
        "env: {A: b, C: '${T}'}\nresources: {cpus: 2}\nsupervise: true\n"
        "egress: {routes: [{host: a.example, auth: {scheme: Bearer, token_ref: T}}]}");
    agent("bottle: dev");
    const auto first = plan_agent();
    ASSERT_TRUE(first) << first.error().message;
    Guest elsewhere;
    elsewhere.home = QStringLiteral("/elsewhere");
    const auto second = plan(agent_request(), elsewhere);
    ASSERT_TRUE(second);
    EXPECT_EQ(told(plan_to_json(*first), plan_to_json(*second)), "");
    bottle(
        "agent_provider: {template: scripted, reply: '{\"schema\": "
        "\"botbottle.provider-plan/1\", \"command\": \"x\"}'}\nenv: {A: c}");
    const auto third = plan_agent();
    ASSERT_TRUE(third) << third.error().message;
    EXPECT_EQ(told(plan_to_json(*first), plan_to_json(*third)),
              "limits: {} was {\"cpus\":2}|supervise: false was true|env A: changed|env C: gone|"
              "route a.example: gone|credential egress.a.example: gone");
}

}  // namespace
}  // namespace botbottle
