// The decision: every way to be refused has its own rule, and what is allowed is what is sent.
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "documents.h"

namespace botbottle::policy::testing {
namespace {

constexpr std::string_view kRoutes = R"([
  {"host": "whole.example", "ports": [443]},
  {"host": "paths.example", "ports": [443, 8443], "methods": ["GET", "POST"],
   "path_allowlist": ["/v1/", "/repos/me"]},
  {"host": "plain.example", "ports": [80]},
  {"host": "git.example", "ports": [443], "git": {"fetch": true}},
  {"host": "192.0.2.1", "ports": [443]}])";

Decision decide(const PolicySnapshot& policy, std::string_view authority, std::string_view method,
                std::string_view target, Scheme scheme = Scheme::kHttps) {
    const auto parsed = Authority::parse(authority, scheme == Scheme::kHttps ? 443 : 80);
    EXPECT_TRUE(parsed) << authority;
    return policy.decide({scheme, *parsed, method, target});
}

struct Case {
    std::string_view authority, method, target;
    std::string_view sent;  // empty: denied
    std::string_view rule;
    Scheme scheme = Scheme::kHttps;
};

const Case kCases[] = {
    {"whole.example", "GET", "/", "/", "route_allowed"},
    {"Whole.Example.", "GET", "/a", "/a", "route_allowed"},
    {"whole.example", "DELETE", "/a?b=c&d=%zz", "/a?b=c&d=%zz", "route_allowed"},
    {"whole.example", "GET", "/%61/%7e", "/a/~", "route_allowed"},
    {"whole.example", "GET", "/a/../b", "/b", "route_allowed"},
    {"whole.example", "GET", "/projects/group%2fname", "/projects/group%2Fname", "route_allowed"},
    {"whole.example", "GET", "/a//b", "/a//b", "route_allowed"},
    {"whole.example", "GET", "/a?b?c/../d", "/a?b?c/../d", "route_allowed"},
    {"whole.example", "GET", "/?", "/?", "route_allowed"},
    {"whole.example", "OPTIONS", "*", "*", "route_allowed"},
    {"whole.example", "PROPFIND", "/", "/", "route_allowed"},
    {"192.0.2.1", "GET", "/", "/", "route_allowed"},
    {"plain.example", "GET", "/", "/", "route_allowed", Scheme::kHttp},
    {"paths.example", "GET", "/v1/x?y", "/v1/x?y", "route_allowed"},
    {"paths.example:8443", "POST", "/repos/me/x", "/repos/me/x", "route_allowed"},
    {"paths.example", "GET", "/repos/me?x", "/repos/me?x", "route_allowed"},
    {"paths.example", "GET", "/%76%31/x", "/v1/x", "route_allowed"},
    {"paths.example", "GET", "/v1/a%20b", "/v1/a%20b", "route_allowed"},

    {"other.example", "GET", "/", "", "host_not_allowed"},
    {"whole.example.evil.example", "GET", "/", "", "host_not_allowed"},
    {"sub.whole.example", "GET", "/", "", "host_not_allowed"},
    {"192.0.2.2", "GET", "/", "", "host_not_allowed"},
    {"whole.example:8443", "GET", "/", "", "port_not_allowed"},
    {"plain.example", "GET", "/", "", "port_not_allowed"},
    {"whole.example:443", "GET", "/", "", "scheme_not_allowed", Scheme::kHttp},

    {"whole.example", "TRACE", "/", "", "method_not_allowed"},
    {"whole.example", "CONNECT", "/", "", "method_not_allowed"},
    {"whole.example", "get", "/", "", "method_not_allowed"},
    {"whole.example", "SK-ANT-SECRET", "/", "", "method_not_allowed"},
    {"paths.example", "DELETE", "/v1/x", "", "method_not_allowed"},
    {"paths.example", "post", "/v1/x", "", "method_not_allowed"},

    {"paths.example", "GET", "/", "", "path_not_allowed"},
    {"paths.example", "GET", "/v1", "", "path_not_allowed"},
    {"paths.example", "GET", "/V1/x", "", "path_not_allowed"},
    {"paths.example", "GET", "/repos/me-evil", "", "path_not_allowed"},
    {"paths.example", "GET", "/repos/me%3fx", "", "path_not_allowed"},
    {"paths.example", "GET", "/?/v1/", "", "path_not_allowed"},
    {"paths.example", "GET", "/repos/me/../you", "", "path_ambiguous"},
    {"paths.example", "GET", "/v1/%2e%2e/admin", "", "path_ambiguous"},
    {"paths.example", "GET", "/v1/..%2fadmin", "", "path_ambiguous"},
    {"paths.example", "GET", "/v1/..%5cadmin", "", "path_ambiguous"},
    {"paths.example", "GET", "/v1/..;x/admin", "", "path_ambiguous"},
    {"paths.example", "GET", "/v1/%252e%252e/admin", "", "path_ambiguous"},
    {"paths.example", "GET", "/v1/%25%32e./admin", "", "path_ambiguous"},
    {"paths.example", "GET", "/v1//x", "", "path_ambiguous"},
    {"paths.example", "GET", "//v1/x", "", "path_ambiguous"},
    {"paths.example", "GET", "/v1/x%00", "", "path_ambiguous"},
    {"paths.example", "GET", "/v1/%c0%ae%c0%ae/", "", "path_ambiguous"},
    {"paths.example", "GET", "/v1/./x", "", "path_ambiguous"},

    {"whole.example", "GET", "", "", "target_malformed"},
    {"whole.example", "GET", "*", "", "target_malformed"},
    {"whole.example", "GET", "a", "", "target_malformed"},
    {"whole.example", "GET", "?x", "", "target_malformed"},
    {"whole.example", "GET", "/%", "", "target_malformed"},
    {"whole.example", "GET", "/a b", "", "target_malformed"},
    {"whole.example", "GET", "/a#b", "", "target_malformed"},
    {"whole.example", "GET", "/a\\b", "", "target_malformed"},
    {"whole.example", "GET", "/a?b\r\nX: y", "", "target_malformed"},
    {"whole.example", "GET", "/a?\xc3\xa9", "", "target_malformed"},
    {"whole.example", "GET", "http://whole.example/", "", "target_malformed"},

    {"git.example", "POST", "/me/repo.git/git-receive-pack", "", "git_push_denied"},
    {"git.example", "GET", "/me/repo.git/info/refs?service=git-receive-pack", "",
     "git_push_denied"},
    {"git.example", "GET", "/me/repo.git/info/refs?service=git-upload-pack",
     "/me/repo.git/info/refs?service=git-upload-pack", "route_allowed"},
    {"git.example", "POST", "/me/repo.git/git-upload-pack", "/me/repo.git/git-upload-pack",
     "route_allowed"},
    {"whole.example", "POST", "/me/repo.git/git-upload-pack", "", "git_fetch_denied"},
    {"whole.example", "GET", "/me/repo.git/info/refs", "", "git_fetch_denied"},
    {"whole.example", "POST", "/me/repo.git%2Fgit-receive-pack", "", "git_push_denied"},
    {"paths.example", "PUT", "/x/git-receive-pack", "", "git_push_denied"},
};

TEST(Decide, Table) {
    const auto policy = snapshot_of(kRoutes);
    for (const auto& row : kCases) {
        const auto decision = decide(*policy, row.authority, row.method, row.target, row.scheme);
        EXPECT_EQ(decision.rule, row.rule)
            << row.method << " " << row.authority << " " << row.target;
        EXPECT_EQ(decision.allowed, !row.sent.empty()) << row.target;
        EXPECT_EQ(decision.target, row.sent) << row.target;
        EXPECT_EQ(decision.reason.empty(), decision.allowed) << row.target;
        EXPECT_EQ(decision.hint.empty(), decision.allowed) << row.target;
        const int status = decision.allowed ? 200 : row.rule == "target_malformed" ? 400 : 403;
        EXPECT_EQ(decision.status, status) << row.target;
        if (decision.rule != "host_not_allowed") {
            ASSERT_NE(decision.route, nullptr);
            EXPECT_EQ(decision.route, &policy->routes()[decision.route_index]);
        }
    }
}

// What is sent, judged again, is allowed again and does not change: decide == send.
TEST(Decide, TheCanonicalTargetIsDecidedTheSame) {
    const auto policy = snapshot_of(kRoutes);
    for (const auto& row : kCases) {
        const auto decision = decide(*policy, row.authority, row.method, row.target, row.scheme);
        if (!decision.allowed) continue;
        const auto again = decide(*policy, row.authority, row.method, decision.target, row.scheme);
        EXPECT_TRUE(again.allowed) << decision.target;
        EXPECT_EQ(again.target, decision.target);
        EXPECT_EQ(again.route, decision.route);
    }
}

TEST(Decide, HintsSayWhatWouldBeAllowed) {
    const auto policy = snapshot_of(kRoutes);
    const auto hint = [&](std::string_view authority, std::string_view method,
                          std::string_view target) {
        return decide(*policy, authority, method, target).hint;
    };
    EXPECT_EQ(hint("other.example", "GET", "/").find("allowed hosts: whole.example, paths.example"),
              0u);
    EXPECT_EQ(hint("paths.example:1", "GET", "/"), "allowed ports: 443, 8443");
    EXPECT_EQ(hint("paths.example", "PUT", "/v1/"), "allowed methods: GET, POST");
    EXPECT_EQ(hint("paths.example", "GET", "/"), "allowed paths: /v1/, /repos/me");
    EXPECT_NE(hint("git.example", "POST", "/r/git-receive-pack").find("git-gate"),
              std::string::npos);
}

// One door for git: who knocks at the other one is told where it is.
TEST(Decide, HintsSayWhereTheGitGateHasARepo) {
    const auto policy = read(R"({"schema": "botbottle.policy/1", "revision": 1, "routes": [
        {"host": "git.example", "ports": [443]}, {"host": "bare.example", "ports": [443]}],
        "git_repos": [
        {"host": "git.example", "path": "/me/tool", "address": "http://127.0.0.1:9420/tool.git"},
        {"host": "git.example", "path": "/me/site", "address": "http://127.0.0.1:9420/site.git"},
        {"host": "away.example", "path": "/a/b", "address": "http://127.0.0.1:9420/b.git"}]})");
    ASSERT_TRUE(policy) << policy.error().message;
    constexpr std::string_view kTool =
        "this repo is at http://127.0.0.1:9420/tool.git, for clone and push";
    constexpr std::string_view kAll =
        "the git repos of git.example that this bottle has are at "
        "http://127.0.0.1:9420/tool.git, http://127.0.0.1:9420/site.git";
    const struct {
        std::string_view authority, method, target, hint;
    } rows[] = {
        {"git.example", "POST", "/me/tool.git/git-receive-pack", kTool},
        {"git.example", "POST", "/me/tool/git-receive-pack", kTool},
        {"git.example", "GET", "/me/tool.git/info/refs?service=git-receive-pack", kTool},
        {"git.example", "GET", "/me/x/../tool/info/refs?service=git-upload-pack", kTool},
        {"git.example", "POST", "/me/toolbox.git/git-receive-pack", kAll},
        {"away.example", "GET", "/",
         "; the git repos of away.example that this bottle has are at "
         "http://127.0.0.1:9420/b.git"},
        {"bare.example", "POST", "/a/b/git-receive-pack", "git-gate.repos"},
    };
    for (const auto& row : rows) {
        const auto decision = decide(**policy, row.authority, row.method, row.target);
        EXPECT_FALSE(decision.allowed) << row.target;
        EXPECT_TRUE(decision.hint.ends_with(row.hint) ||
                    decision.hint.find(row.hint) != std::string::npos)
            << row.target << ": " << decision.hint;
    }
}

TEST(Decide, AsteriskIsNoPath) {
    const auto policy =
        snapshot_of(R"([{"host": "a.example", "ports": [443], "path_allowlist": ["/"]}])");
    EXPECT_EQ(decide(*policy, "a.example", "OPTIONS", "*").rule, "path_not_allowed");
    EXPECT_TRUE(decide(*policy, "a.example", "OPTIONS", "/").allowed);
}

TEST(Decide, AnUnlistedMethodIsAllowedByName) {
    const auto policy =
        snapshot_of(R"([{"host": "a.example", "ports": [443], "methods": ["PURGE"]}])");
    EXPECT_TRUE(decide(*policy, "a.example", "PURGE", "/").allowed);
    EXPECT_FALSE(decide(*policy, "a.example", "GET", "/").allowed);
}

TEST(Decide, AnEmptyPolicyDeniesEverything) {
    const auto policy = snapshot_of("[]");
    const auto decision = decide(*policy, "a.example", "GET", "/");
    EXPECT_FALSE(decision.allowed);
    EXPECT_EQ(decision.rule, "host_not_allowed");
    EXPECT_EQ(decision.route, nullptr);
    EXPECT_EQ(decision.hint.find("this bottle has no routes at all"), 0u);
}

TEST(DecideConnect, LooksAtHostAndPort) {
    const auto policy = snapshot_of(kRoutes);
    const auto rule = [&](std::string_view authority) {
        return policy->decide_connect(*Authority::parse(authority, 0)).rule;
    };
    EXPECT_EQ(rule("whole.example:443"), "route_allowed");
    EXPECT_EQ(rule("whole.example:22"), "port_not_allowed");
    EXPECT_EQ(rule("other.example:443"), "host_not_allowed");
}

TEST(Decide, FindsARouteAmongMany) {
    std::string routes = "[";
    for (int i = 0; i < 10000; ++i) {
        routes += R"({"host": "h)" + std::to_string(i) + R"(.example", "ports": [443]},)";
    }
    routes.back() = ']';
    const auto policy = snapshot_of(routes);
    EXPECT_EQ(decide(*policy, "h9999.example", "GET", "/").route_index, 9999u);
    const auto denied = decide(*policy, "h10000.example", "GET", "/");
    EXPECT_NE(denied.hint.find("and 9992 more"), std::string::npos) << denied.hint;
}

TEST(ForbiddenFor, ExemptsOnlyWhatTheRouteNames) {
    const auto policy = snapshot_of(
        R"([{"host": "a.example", "ports": [443], "ssrf_ip_allowlist": ["10.1.0.0/16", "fd00::1"]},
            {"host": "b.example", "ports": [443]}])");
    const auto& a = policy->routes()[0];
    const auto& b = policy->routes()[1];
    const auto address = [](std::string_view text) { return *IpAddress::parse(text); };
    EXPECT_EQ(forbidden_for(a, address("10.1.2.3")), nullptr);
    EXPECT_EQ(forbidden_for(a, address("fd00::1")), nullptr);
    EXPECT_EQ(forbidden_for(a, address("8.8.8.8")), nullptr);
    ASSERT_NE(forbidden_for(a, address("10.2.0.1")), nullptr);
    ASSERT_NE(forbidden_for(a, address("::ffff:10.1.2.3")), nullptr);
    ASSERT_NE(forbidden_for(b, address("10.1.2.3")), nullptr);
    EXPECT_EQ(forbidden_for(b, address("10.1.2.3"))->range, "10.0.0.0/8");
}

TEST(Wildcards, StandForOneOrMoreLabelsAndNeverForTheApex) {
    const auto policy = snapshot_of(R"([
        {"host": "*.example.com", "ports": [443]},
        {"host": "*.deep.example.com", "ports": [443]},
        {"host": "own.example.com", "ports": [443], "methods": ["GET"]},
        {"host": "*.xn--bcher-kva.example", "ports": [443]}])");
    for (const auto& [host, route] : std::initializer_list<std::pair<const char*, const char*>>{
             {"a.example.com", "*.example.com"},
             {"A.B.Example.COM.", "*.example.com"},
             {"_a.example.com", "*.example.com"},
             {"own.example.com", "own.example.com"},
             {"a.own.example.com", "*.example.com"},
             {"deep.example.com", "*.example.com"},
             {"a.deep.example.com", "*.deep.example.com"},
             {"a.b.deep.example.com", "*.deep.example.com"},
             {"a.xn--bcher-kva.example", "*.xn--bcher-kva.example"}}) {
        const auto decision = decide(*policy, host, "GET", "/");
        EXPECT_TRUE(decision.allowed) << host;
        ASSERT_NE(decision.route, nullptr) << host;
        EXPECT_EQ(decision.route->name(), route) << host;
    }
    for (const char* host : {"example.com", "example.com.", "aexample.com", "a-example.com", "com",
                             "a.example.com.evil.example", "example.com.evil.example",
                             "xn--bcher-kva.example", "bcher-kva.example", "192.0.2.1", "[::1]"})
        EXPECT_EQ(decide(*policy, host, "GET", "/").rule, "host_not_allowed") << host;
    for (const char* host :
         {".example.com", "a..example.com", "*.example.com", "a.example.com..", "a%2eexample.com",
          "a\xe3\x80\x82"
          "example.com",
          "-a.example.com"})
        EXPECT_FALSE(Authority::parse(host, 443)) << host;
}

TEST(Tunnels, AreWhatARouteThatDoesNotInterceptGives) {
    const auto policy = snapshot_of(R"([
        {"host": "opaque.example", "ports": [443], "intercept": false},
        {"host": "plain.example", "ports": [443]}])");
    const auto connect = [&](const char* authority) {
        return policy->decide_connect(*Authority::parse(authority, 0));
    };
    EXPECT_EQ(connect("opaque.example:443").rule, "route_tunnelled");
    EXPECT_EQ(connect("opaque.example:444").rule, "port_not_allowed");
    EXPECT_EQ(connect("plain.example:443").rule, "route_allowed");
}

}  // namespace
}  // namespace botbottle::policy::testing
