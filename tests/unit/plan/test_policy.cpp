// The policy document, member for member as docs/control-protocol.md has it.
#include "plan/policy.h"

#include "fixture.h"

namespace botbottle {
namespace {

class Policy : public test::PlanTest {};

TEST_F(Policy, NothingIsReachableWithoutRoutes) {
    LaunchRequest request;
    request.command = {QStringLiteral("true")};
    const auto plan = this->plan(request);
    ASSERT_TRUE(plan);
    EXPECT_EQ(policy_document(*plan, 3), test::parse(R"({
        "schema": "botbottle.policy/1", "revision": 3, "routes": [], "upstream": {"proxy": null, "ca": null}})"));
}

TEST_F(Policy, EveryMember) {
    variables_ = {{"A", "x"}, {"PW", "x"}};
    write(QStringLiteral("ca.pem"), "-----BEGIN CERTIFICATE-----\n");
    write(
        QStringLiteral("home/settings.yaml"),
        "egress:\n  upstream_ca: " + path(QStringLiteral("ca.pem")).toStdString() +
            "\n  upstream_proxy: {url: 'http://p.example:3128', username: u, password_ref: PW}\n");
    bottle(
        "egress:\n  routes:\n"
        "    - {host: a.example, ports: [443, 8443], methods: [GET], path_allowlist: [/x], git: "
        "{fetch: true}, "
        "ssrf_ip_allowlist: [10.0.0.0/8]}\n"
        "    - {host: b.example, auth: {scheme: Bearer, token_ref: A}}\n"
        "    - {host: c.example, auth: {scheme: token, token_ref: A}}\n"
        "    - {host: d.example, auth: {scheme: Basic, username: u, token_ref: A}}\n"
        "    - {host: e.example, auth: {scheme: header, name: X-Key, prefix: Key, token_ref: A}}\n"
        "    - {host: f.example, auth: {scheme: header, name: X-Key, token_ref: A}}\n"
        "    - {host: '*.g.example', auth: {scheme: query, name: key, token_ref: A}}\n"
        "    - {host: h.example, intercept: false, budget: {requests: 5}}\n"
        "  budget: {bytes: 1000}");
    const auto plan = plan_command();
    ASSERT_TRUE(plan) << plan.error().message;
    const auto route = [](const char* host, const char* auth) {
        return std::string(R"({"host": ")") + host +
               R"(", "ports": [443], "methods": null, "path_allowlist": null, "ssrf_ip_allowlist": [],
                  "owner": "bottle", "dlp": "block", "auth": )" +
               auth + "}";
    };
    const std::string expected =
        R"({"schema": "botbottle.policy/1", "revision": 1, "routes": [
            {"host": "a.example", "ports": [443, 8443], "methods": ["GET"], "path_allowlist": ["/x"],
             "git": {"fetch": true}, "ssrf_ip_allowlist": ["10.0.0.0/8"], "owner": "bottle", "dlp": "block"},)" +
        route("b.example", R"({"scheme": "Bearer", "slot": "egress.b.example"})") + "," +
        route("c.example", R"({"scheme": "token", "slot": "egress.c.example"})") + "," +
        route("d.example", R"({"scheme": "Basic", "slot": "egress.d.example", "username": "u"})") +
        "," +
        route(
            "e.example",
            R"({"scheme": "header", "slot": "egress.e.example", "name": "X-Key", "prefix": "Key"})") +
        "," +
        route("f.example", R"({"scheme": "header", "slot": "egress.f.example", "name": "X-Key"})") +
        "," +
        route("*.g.example",
              R"({"scheme": "query", "slot": "egress.*.g.example", "name": "key"})") +
        R"(,
            {"host": "h.example", "ports": [443], "methods": null, "path_allowlist": null,
             "ssrf_ip_allowlist": [], "owner": "bottle", "dlp": "off", "intercept": false, "budget": {"requests": 5}}],
        "budget": {"bytes": 1000},
        "upstream": {"proxy": {"host": "p.example", "port": 3128, "username": "u", "password_slot": "upstream.proxy"},
                     "ca": "-----BEGIN CERTIFICATE-----\n"}})";
    EXPECT_EQ(test::compact(policy_document(*plan, 1)), test::compact(test::parse(expected)));
}

}  // namespace
}  // namespace botbottle
