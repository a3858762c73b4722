#include "supervise/delta.h"

#include <gtest/gtest.h>

#include <QJsonArray>
#include <QJsonDocument>

namespace botbottle {
namespace {

QJsonObject json(const char* text) {
    return QJsonDocument::fromJson(text).object();
}

const QJsonObject kPolicy = json(R"({"revision": 3, "routes": [
    {"host": "api.example.com", "ports": [443], "methods": ["GET"], "path_allowlist": ["/v1"],
     "auth": null, "owner": "bottle"},
    {"host": "*.wild.example.com", "ports": [443], "methods": null, "path_allowlist": null,
     "auth": {"scheme": "Bearer", "slot": "egress.wild"}, "owner": "bottle"},
    {"host": "*.open.example.com", "ports": [443], "methods": ["GET"], "path_allowlist": null,
     "auth": null, "owner": "bottle"},
    {"host": "api.anthropic.com", "ports": [443], "methods": null, "path_allowlist": ["/v1"],
     "auth": {"scheme": "Bearer", "slot": "provider.claude.token"}, "owner": "provider:claude"}]})");

RouteDelta delta(const char* payload) {
    return route_delta(kPolicy, json(payload));
}

TEST(RouteDelta, ANewHostIsOneSentence) {
    const RouteDelta made = delta(R"({"host": "*.new.example", "ports": [443, 8443],
        "methods": ["GET"], "path_allowlist": ["/a", "/b"],
        "auth": {"scheme": "Bearer", "token_ref": "GH_PAT"}})");
    ASSERT_EQ(made.words.size(), 1);
    EXPECT_EQ(made.words[0],
              QStringLiteral("adds GET to *.new.example (every name below new.example), "
                             "ports 443, 8443, only below /a, /b, with the credential GH_PAT "
                             "(Bearer)"));
    EXPECT_EQ(made.variable, QStringLiteral("GH_PAT"));
    EXPECT_FALSE(
        made.route.value(QLatin1String("auth")).toObject().contains(QLatin1String("token_ref")));
    EXPECT_TRUE(made.refusal.isEmpty());
}

TEST(HeldDelta, SaysRuleAndPlaceAndDrivesNoTerminal) {
    const QJsonObject payload = json(R"({"hold": "h1-1", "rule": "github-token", "method": "POST",
        "reason": "the request's body holds a GitHub token, at byte 12", "scheme": "https",
        "authority": "api.example.com:443", "path": "/a\u001b[2J"})");
    const RouteDelta made =
        held_delta(QLatin1String(kHeldRequest), payload, QStringLiteral("once"));
    EXPECT_EQ(made.words[0],
              QStringLiteral("let POST https://api.example.com:443/a\\u001b[2J through: the "
                             "request's body holds a GitHub token, at byte 12 (github-token)"));
    EXPECT_TRUE(made.refusal.isEmpty());
    EXPECT_FALSE(held_delta(QLatin1String(kHeldRequest), payload, QStringLiteral("always"))
                     .refusal.isEmpty());
}

TEST(RouteDelta, AStandingRouteIsWidenedAndSaysWhatItIsThen) {
    const RouteDelta made = delta(R"({"host": "api.example.com", "ports": [443],
        "methods": ["POST"], "path_allowlist": ["/v2"], "auth": null})");
    EXPECT_TRUE(made.replaces);
    EXPECT_TRUE(made.words.contains(QStringLiteral("methods: GET → GET, POST")));
    EXPECT_TRUE(made.words.contains(QStringLiteral("paths: only below /v1 → only below /v1, /v2")));
    EXPECT_TRUE(made.words.last().startsWith(QStringLiteral("after it: GET, POST to api")));
    EXPECT_EQ(made.route, json(R"({"host": "api.example.com", "ports": [443],
        "methods": ["GET", "POST"], "path_allowlist": ["/v1", "/v2"], "auth": null})"));
}

TEST(HeldDelta, OfAPushShowsEveryRefAndPlace) {
    const QJsonObject payload = QJsonDocument::fromJson(R"({"hold": "push-1", "repo": "project",
            "url": "ssh://git@h.example/p.git", "commits": 2, "updates": [
              {"ref": "refs/heads/main", "old": "1111111111111111", "new": "2222222222222222"},
              {"ref": "refs/tags/v1", "old": "0000000000000000", "new": "3333333333333333"}],
            "places": [
              {"rule": "paths", "what": "a change of what .github/** covers",
               "where": ".github/ci\u001b[2J.yml", "commit": "4444444444444444"},
              {"rule": "github-token", "what": "a GitHub token", "where": "a:3", "commit": ""}]})")
                                    .object();
    const QString tool = QLatin1String(kHeldPush);
    EXPECT_TRUE(is_held(tool));
    EXPECT_EQ(
        held_words(tool, payload).toStdString(),
        "let a push to project through, branch main and 1 more: a change of what "
        ".github/** covers in .github/ci\\u001b[2J.yml (paths), commit 444444444444 and 1 more");
    const RouteDelta made = held_delta(tool, payload, QStringLiteral("once"));
    EXPECT_TRUE(made.refusal.isEmpty());
    const QString text = made.words.join(QLatin1Char('\n'));
    for (const char* line :
         {"pushes 2 commits to project (ssh://git@h.example/p.git)",
          "branch main: 111111111111 → 222222222222", "tag v1: 000000000000 → 333333333333",
          "a GitHub token in a:3 (github-token)", "exactly these commits, once"})
        EXPECT_TRUE(text.contains(QString::fromUtf8(line))) << line << "\n" << text.toStdString();
    EXPECT_FALSE(text.contains(QChar(0x1b)));
    EXPECT_FALSE(held_delta(tool, payload, QStringLiteral("always")).refusal.isEmpty());
}

TEST(RouteDelta, EverythingIsWiderThanAList) {
    const RouteDelta made = delta(R"({"host": "api.example.com", "ports": [443],
        "methods": null, "path_allowlist": null, "auth": null})");
    EXPECT_TRUE(made.words.contains(QStringLiteral("methods: GET → every method")));
    EXPECT_TRUE(made.route.value(QLatin1String("path_allowlist")).isNull());
}

TEST(RouteDelta, WhatIsAllowedAlreadyAddsNothing) {
    const RouteDelta made = delta(R"({"host": "api.example.com", "ports": [443],
        "methods": ["GET"], "path_allowlist": ["/v1"], "auth": null})");
    EXPECT_TRUE(made.nothing);
}

TEST(RouteDelta, AnExactRouteTakesOverWhatItsWildcardAllowed) {
    const RouteDelta made = delta(R"({"host": "a.open.example.com", "ports": [443],
        "methods": ["POST"], "path_allowlist": null, "auth": null})");
    EXPECT_FALSE(made.replaces);
    EXPECT_TRUE(made.words.contains(QStringLiteral("methods: GET → GET, POST")));
    EXPECT_EQ(made.route.value(QLatin1String("host")).toString(),
              QStringLiteral("a.open.example.com"));
}

TEST(RouteDelta, ACredentialGoesNowhereElse) {
    for (const char* bad : {R"({"host": "api.anthropic.com", "ports": [443], "methods": null,
              "path_allowlist": null, "auth": null})",
                            R"({"host": "x.wild.example.com", "ports": [8443], "methods": null,
              "path_allowlist": null, "auth": null})",
                            R"({"host": "*.wild.example.com", "ports": [443], "methods": null,
              "path_allowlist": null, "auth": {"scheme": "token", "token_ref": "T"}})"})
        EXPECT_FALSE(delta(bad).refusal.isEmpty()) << bad;
    const RouteDelta kept = delta(R"({"host": "*.wild.example.com", "ports": [8443],
        "methods": null, "path_allowlist": null, "auth": null})");
    EXPECT_TRUE(kept.keeps_auth);
    EXPECT_TRUE(kept.words.last().endsWith(QStringLiteral("egress.wild (Bearer)")));
}

TEST(RouteDelta, NamesOfEverybodyAreNotGranted) {
    for (const char* host : {"*.com", "*.co.uk", "*.github.io"}) {
        const RouteDelta made =
            delta((std::string(R"({"host": ")") + host + R"(", "ports": [443]})").c_str());
        EXPECT_TRUE(made.refusal.contains(QStringLiteral("anybody can have a name below")))
            << made.refusal.toStdString();
    }
    EXPECT_EQ(delta(R"({"host": "*.new.example", "ports": [443]})").refusal, QString());
    EXPECT_EQ(delta(R"({"host": "github.io", "ports": [443]})").refusal, QString());
}

TEST(RouteDelta, NothingInItDrivesATerminal) {
    const RouteDelta made =
        route_delta({}, {{QStringLiteral("host"), QStringLiteral("a\x1b[2J\u202e.example")},
                         {QStringLiteral("ports"), QJsonArray{443}}});
    EXPECT_FALSE(made.words[0].contains(QChar(0x1b)));
    EXPECT_FALSE(made.words[0].contains(QChar(0x202e)));
}

}  // namespace
}  // namespace botbottle
