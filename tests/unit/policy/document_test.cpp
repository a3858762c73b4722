// A document is taken as a whole or refused with the path of the member that is wrong.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "documents.h"

namespace botbottle::policy::testing {
namespace {

constexpr std::string_view kWhole = R"({
  "schema": "botbottle.policy/1",
  "revision": 3,
  "routes": [
    {"host": "api.anthropic.com", "ports": [443], "methods": ["GET", "POST"],
     "path_allowlist": ["/v1/", "/api/x"],
     "auth": {"scheme": "Bearer", "slot": "provider.claude.token"},
     "ssrf_ip_allowlist": ["10.0.0.0/8", "2001:db8::1"], "git": {"fetch": true},
     "intercept": true, "websocket": true, "dlp": "block", "budget": {"requests": 10, "bytes": null},
     "owner": "provider:claude"},
    {"host": "[2001:db8::1]", "ports": [80, 8080], "methods": null, "path_allowlist": null,
     "auth": {"scheme": "header", "slot": "s", "name": "X-Key", "prefix": "Key"},
     "ssrf_ip_allowlist": [], "git": {"fetch": false},
     "intercept": true, "websocket": false, "dlp": "off", "budget": null, "owner": "bottle"},
    {"host": "basic.example", "ports": [443], "methods": null, "path_allowlist": null,
     "auth": {"scheme": "Basic", "slot": "s", "username": "me"},
     "ssrf_ip_allowlist": [], "git": {"fetch": false},
     "intercept": true, "websocket": false, "dlp": "block", "budget": null, "owner": "bottle"},
    {"host": "token.example", "ports": [443], "methods": null, "path_allowlist": null,
     "auth": {"scheme": "token", "slot": "s"},
     "ssrf_ip_allowlist": [], "git": {"fetch": false},
     "intercept": true, "websocket": false, "dlp": "block", "budget": null, "owner": "bottle"},
    {"host": "*.query.example", "ports": [443], "methods": null, "path_allowlist": null,
     "auth": {"scheme": "query", "slot": "s", "name": "api_key"},
     "ssrf_ip_allowlist": [], "git": {"fetch": false},
     "intercept": true, "websocket": true, "dlp": "block", "budget": null, "owner": "bottle"},
    {"host": "opaque.example", "ports": [443], "methods": null, "path_allowlist": null,
     "auth": null, "ssrf_ip_allowlist": [], "git": {"fetch": false},
     "intercept": false, "websocket": true, "dlp": "off", "budget": {"requests": null, "bytes": 5},
     "owner": "grant:g1"}],
  "budget": {"requests": null, "bytes": 1000},
  "git_repos": [{"host": "git.example", "path": "/me/project",
                 "address": "http://127.0.0.1:9420/project.git"}],
  "upstream": {"proxy": {"host": "proxy.example", "port": 3128, "username": "u",
                         "password_slot": "upstream.proxy"},
               "ca": "-----BEGIN CERTIFICATE-----"},
  "scan_rules": "ours plain ours_[0-9]{8}"
})";

TEST(Document, IsReadAsAWhole) {
    const auto read_back = read(kWhole);
    ASSERT_TRUE(read_back) << read_back.error().message;
    const auto& policy = **read_back;
    EXPECT_EQ(policy.revision(), 3u);
    ASSERT_EQ(policy.routes().size(), 6u);
    const auto& first = policy.routes()[0];
    EXPECT_EQ(first.host.text(), "api.anthropic.com");
    EXPECT_EQ(first.ports, (std::vector<std::uint16_t>{443}));
    EXPECT_EQ(first.methods, (std::vector<std::string>{"GET", "POST"}));
    EXPECT_EQ(first.path_allowlist->at(1).text(), "/api/x");
    EXPECT_EQ(first.auth->scheme, Auth::Scheme::kBearer);
    EXPECT_EQ(first.auth->slot, "provider.claude.token");
    EXPECT_EQ(first.ssrf_ip_allowlist[0].text(), "10.0.0.0/8");
    EXPECT_TRUE(first.git_fetch);
    EXPECT_EQ(first.owner, "provider:claude");
    EXPECT_EQ(policy.routes()[1].auth->header_name, "X-Key");
    EXPECT_EQ(policy.routes()[1].auth->prefix, "Key");
    EXPECT_EQ(policy.routes()[2].auth->username, "me");
    EXPECT_EQ(policy.upstream().proxy->host.text(), "proxy.example");
    EXPECT_EQ(policy.upstream().proxy->port, 3128);
    ASSERT_EQ(policy.git_repos().size(), 1u);
    EXPECT_EQ(policy.git_repos()[0].host.text(), "git.example");
    EXPECT_EQ(policy.upstream().ca, "-----BEGIN CERTIFICATE-----");
    EXPECT_EQ(policy.scan_rules(), "ours plain ours_[0-9]{8}");
    EXPECT_EQ(policy.find(*Host::parse("[2001:db8:0::1]")), &policy.routes()[1]);
    EXPECT_EQ(policy.find(*Host::parse("anthropic.com")), nullptr);
    EXPECT_EQ(first.budget.requests, 10u);
    EXPECT_FALSE(first.budget.bytes);
    EXPECT_EQ(policy.budget().bytes, 1000u);
    EXPECT_FALSE(policy.routes()[1].websocket);
    EXPECT_TRUE(policy.routes()[4].any_below);
    EXPECT_EQ(policy.routes()[4].host.text(), "query.example");
    EXPECT_EQ(policy.routes()[4].auth->parameter, "api_key");
    EXPECT_FALSE(policy.routes()[5].intercept);
    EXPECT_EQ(first.dlp, Dlp::kBlock);
    EXPECT_EQ(policy.routes()[1].dlp, Dlp::kOff);
}

TEST(Document, IsWrittenAsItWasRead) {
    EXPECT_EQ((*read(kWhole))->to_json(), nlohmann::json::parse(kWhole));
}

TEST(Document, HasDefaults) {
    const auto policy = snapshot_of(R"([{"host": "a.example", "ports": [443]}])");
    const auto& route = policy->routes()[0];
    EXPECT_FALSE(route.methods);
    EXPECT_FALSE(route.path_allowlist);
    EXPECT_FALSE(route.auth);
    EXPECT_FALSE(route.git_fetch);
    EXPECT_TRUE(route.ssrf_ip_allowlist.empty());
    EXPECT_EQ(route.owner, "bottle");
    EXPECT_FALSE(policy->upstream().proxy);
    EXPECT_TRUE(policy->upstream().ca.empty());
    EXPECT_EQ(policy->scan_rules(), "");
    EXPECT_EQ(route.dlp, Dlp::kBlock);
    const auto again = PolicySnapshot::from_json(policy->to_json());
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ((*again)->to_json(), policy->to_json());
}

TEST(Document, ARouteMayAskAboutWhatIsFound) {
    const auto policy = snapshot_of(R"([{"host": "a.example", "ports": [443], "dlp": "hold"}])");
    EXPECT_EQ(policy->routes()[0].dlp, Dlp::kHold);
    const auto again = PolicySnapshot::from_json(policy->to_json());
    ASSERT_TRUE(again);
    EXPECT_EQ((*again)->routes()[0].dlp, Dlp::kHold);
}

TEST(Document, MayBeBuiltAsWellAsParsed) {
    const nlohmann::json built = {{"schema", "botbottle.policy/1"},
                                  {"revision", 1},
                                  {"routes", {{{"host", "a.example"}, {"ports", {443}}}}}};
    const auto policy = PolicySnapshot::from_json(built);
    ASSERT_TRUE(policy) << policy.error().message;
    EXPECT_EQ((*policy)->revision(), 1u);
}

struct Bad {
    std::string_view text, message;
};

TEST(Document, NamesTheMemberThatIsWrong) {
    const Bad documents[] = {
        {R"([])", "policy: must be an object"},
        {R"(null)", "policy: must be an object"},
        {R"({})", "schema: is missing"},
        {R"({"schema": "botbottle.policy/2"})", "schema: must be botbottle.policy/1"},
        {R"({"schema": "botbottle.policy/1"})", "revision: is missing"},
        {R"({"schema": "botbottle.policy/1", "revision": -1})",
         "revision: must be a number that is not negative"},
        {R"({"schema": "botbottle.policy/1", "revision": 1.5})",
         "revision: must be a number that is not negative"},
        {R"({"schema": "botbottle.policy/1", "revision": 1})", "routes: is missing"},
        {R"({"schema": "botbottle.policy/1", "revision": 1, "routes": {}})",
         "routes: must be a list"},
        {R"({"schema": "botbottle.policy/1", "revision": 1, "routes": [], "rules": []})",
         "rules: unknown member"},
        {R"({"schema": "botbottle.policy/1", "revision": 1, "routes": [], "upstream": []})",
         "upstream: must be an object"},
        {R"({"schema": "botbottle.policy/1", "revision": 1, "routes": [], "upstream": {"x": 1}})",
         "upstream.x: unknown member"},
        {R"({"schema": "botbottle.policy/1", "revision": 1, "routes": [], "upstream": {"ca": 1}})",
         "upstream.ca: must be a string"},
        {R"({"schema": "botbottle.policy/1", "revision": 1, "routes": [],
             "upstream": {"proxy": {"port": 1}}})",
         "upstream.proxy.host: is missing"},
        {R"({"schema": "botbottle.policy/1", "revision": 1, "routes": [],
             "upstream": {"proxy": {"host": "127.1", "port": 1}}})",
         "upstream.proxy.host: this spelling of an IP address is not allowed"},
        {R"({"schema": "botbottle.policy/1", "revision": 1, "routes": [],
             "upstream": {"proxy": {"host": "p", "port": 0}}})",
         "upstream.proxy.port: must be a port number from 1 to 65535"},
        {R"({"schema": "botbottle.policy/1", "revision": 1, "routes": [],
             "upstream": {"proxy": {"host": "p", "port": 1, "username": "u"}}})",
         "upstream.proxy: username and password_slot stand together or not at all"},
        {R"({"schema": "botbottle.policy/1", "revision": 1, "routes": [],
             "upstream": {"proxy": {"host": "p", "port": 1, "username": "u:x",
                                    "password_slot": "s"}}})",
         "upstream.proxy.username: must not hold a colon or a control byte"},
    };
    for (const auto& [text, message] : documents) {
        const auto policy = read(text);
        ASSERT_FALSE(policy) << text;
        EXPECT_EQ(policy.error().message, message);
        EXPECT_EQ(policy.error().code, "policy_invalid");
    }
}

TEST(Document, NamesTheMemberOfTheRoute) {
    const Bad routes[] = {
        {R"(1)", "routes[1]: must be an object"},
        {R"({})", "routes[1].host: is missing"},
        {R"({"host": null})", "routes[1].host: is missing"},
        {R"({"host": 1})", "routes[1].host: must be a string"},
        {R"({"host": ""})", "routes[1].host: the host is empty"},
        {R"({"host": "A.example"})", "routes[1].host: is not in canonical form"},
        {R"({"host": "a.example."})", "routes[1].host: is not in canonical form"},
        {R"({"host": "[2001:DB8::1]"})", "routes[1].host: is not in canonical form"},
        {R"({"host": "*"})",
         "routes[1].host: the host name holds a character that no host name may hold"},
        {R"({"host": "*.*.example"})",
         "routes[1].host: the host name holds a character that no host name may hold"},
        {R"({"host": "a*.example"})",
         "routes[1].host: the host name holds a character that no host name may hold"},
        {R"({"host": "*."})", "routes[1].host: the host is empty"},
        {R"({"host": "*.B.example"})", "routes[1].host: is not in canonical form"},
        {R"({"host": "*.192.0.2.1"})", "routes[1].host: nothing is below an IP address"},
        {R"({"host": "b.example", "ports": [443], "auth": {"scheme": "query", "slot": "s"}})",
         "routes[1].auth.name: is missing"},
        {R"({"host": "b.example", "ports": [443],
             "auth": {"scheme": "query", "slot": "s", "name": "a&b"}})",
         "routes[1].auth.name: must hold letters, digits, '-', '.', '_' and '~' only"},
        {R"({"host": "b.example", "ports": [443], "intercept": 0})",
         "routes[1].intercept: must be true or false"},
        {R"({"host": "b.example", "ports": [443], "intercept": false, "methods": ["GET"]})",
         "routes[1].methods: needs to see the requests, and intercept: false leaves them "
         "encrypted"},
        {R"({"host": "b.example", "ports": [443], "intercept": false,
             "auth": {"scheme": "Bearer", "slot": "s"}})",
         "routes[1].auth: needs to see the requests, and intercept: false leaves them encrypted"},
        {R"({"host": "b.example", "ports": [443], "budget": {"requests": 0}})",
         "routes[1].budget.requests: must be a number above 0"},
        {R"({"host": "b.example", "ports": [443], "budget": {"bytes": "1k"}})",
         "routes[1].budget.bytes: must be a number above 0"},
        {R"({"host": "b.example", "ports": [443], "budget": {"calls": 1}})",
         "routes[1].budget.calls: unknown member"},
        {R"({"host": "b.example:443"})", "routes[1].host: a host name holds no colon"},
        {R"({"host": "0x7f.1"})", "routes[1].host: this spelling of an IP address is not allowed"},
        {R"({"host": "b.example"})", "routes[1].ports: is missing"},
        {R"({"host": "b.example", "ports": 443})", "routes[1].ports: must be a list"},
        {R"({"host": "b.example", "ports": []})", "routes[1].ports: must not be empty"},
        {R"({"host": "b.example", "ports": [443, 0]})",
         "routes[1].ports[1]: must be a port number from 1 to 65535"},
        {R"({"host": "b.example", "ports": [65536]})",
         "routes[1].ports[0]: must be a port number from 1 to 65535"},
        {R"({"host": "b.example", "ports": ["443"]})",
         "routes[1].ports[0]: must be a port number from 1 to 65535"},
        {R"({"host": "b.example", "ports": [443.0]})",
         "routes[1].ports[0]: must be a port number from 1 to 65535"},
        {R"({"host": "b.example", "ports": [443], "port": 1})", "routes[1].port: unknown member"},
        {R"({"host": "b.example", "ports": [443], "methods": []})",
         "routes[1].methods: must not be empty"},
        {R"({"host": "b.example", "ports": [443], "methods": ["get"]})",
         "routes[1].methods[0]: must be a method in upper case, of at most 32 characters"},
        {R"({"host": "b.example", "ports": [443], "methods": ["G T"]})",
         "routes[1].methods[0]: must be a method in upper case, of at most 32 characters"},
        {R"({"host": "b.example", "ports": [443], "methods": ["GET", "TRACE"]})",
         "routes[1].methods[1]: TRACE is never allowed"},
        {R"({"host": "b.example", "ports": [443], "methods": ["CONNECT"]})",
         "routes[1].methods[0]: CONNECT is never allowed"},
        {R"({"host": "b.example", "ports": [443], "path_allowlist": ["v1"]})",
         "routes[1].path_allowlist[0]: the path does not begin with a slash"},
        {R"({"host": "b.example", "ports": [443], "path_allowlist": ["/ok", "/a/../b"]})",
         "routes[1].path_allowlist[1]: the path holds a dot segment, which origins read "
         "differently"},
        {R"({"host": "b.example", "ports": [443], "path_allowlist": ["/%61"]})",
         "routes[1].path_allowlist[0]: the path is not in canonical form"},
        {R"({"host": "b.example", "ports": [443], "path_allowlist": []})",
         "routes[1].path_allowlist: must not be empty"},
        {R"({"host": "b.example", "ports": [443], "ssrf_ip_allowlist": ["10.0.0.1/8"]})",
         "routes[1].ssrf_ip_allowlist[0]: there are bits set below the prefix length"},
        {R"({"host": "b.example", "ports": [443], "ssrf_ip_allowlist": ["host.example"]})",
         "routes[1].ssrf_ip_allowlist[0]: not an IP address"},
        {R"({"host": "b.example", "ports": [443], "git": true})",
         "routes[1].git: must be an object"},
        {R"({"host": "b.example", "ports": [443], "git": {"fetch": "yes"}})",
         "routes[1].git.fetch: must be true or false"},
        {R"({"host": "b.example", "ports": [443], "git": {"push": true}})",
         "routes[1].git.push: unknown member"},
        {R"({"host": "b.example", "ports": [443], "owner": "me"})",
         "routes[1].owner: must be bottle, provider:<id> or grant:<id>"},
        {R"({"host": "b.example", "ports": [443], "owner": "provider:"})",
         "routes[1].owner: must be bottle, provider:<id> or grant:<id>"},
        {R"({"host": "b.example", "ports": [443], "auth": "Bearer"})",
         "routes[1].auth: must be an object"},
        {R"({"host": "b.example", "ports": [443], "auth": {}})",
         "routes[1].auth.scheme: is missing"},
        {R"({"host": "b.example", "ports": [443], "auth": {"scheme": "bearer", "slot": "s"}})",
         "routes[1].auth.scheme: must be Bearer, token, Basic, header or query"},
        {R"({"host": "b.example", "ports": [443], "auth": {"scheme": "Bearer"}})",
         "routes[1].auth.slot: is missing"},
        {R"({"host": "b.example", "ports": [443], "auth": {"scheme": "Bearer", "slot": ""}})",
         "routes[1].auth.slot: must not be empty"},
        {R"({"host": "b.example", "ports": [443],
             "auth": {"scheme": "Bearer", "slot": "s", "value": "v"}})",
         "routes[1].auth.value: unknown member"},
        {R"({"host": "b.example", "ports": [443],
             "auth": {"scheme": "Bearer", "slot": "s", "username": "v"}})",
         "routes[1].auth.username: unknown member"},
        {R"({"host": "b.example", "ports": [443], "auth": {"scheme": "Basic", "slot": "s"}})",
         "routes[1].auth.username: is missing"},
        {R"({"host": "b.example", "ports": [443],
             "auth": {"scheme": "Basic", "slot": "s", "username": "a:b"}})",
         "routes[1].auth.username: must not hold a colon or a control byte"},
        {R"({"host": "b.example", "ports": [443], "auth": {"scheme": "header", "slot": "s"}})",
         "routes[1].auth.name: is missing"},
        {R"({"host": "b.example", "ports": [443],
             "auth": {"scheme": "header", "slot": "s", "name": "content_length"}})",
         "routes[1].auth.name: is not a header that can carry a credential"},
        {R"({"host": "b.example", "ports": [443],
             "auth": {"scheme": "header", "slot": "s", "name": "Host"}})",
         "routes[1].auth.name: is not a header that can carry a credential"},
        {R"({"host": "b.example", "ports": [443],
             "auth": {"scheme": "header", "slot": "s", "name": "X Key"}})",
         "routes[1].auth.name: is not a header that can carry a credential"},
        {R"({"host": "b.example", "ports": [443],
             "auth": {"scheme": "header", "slot": "s", "name": "X-Key", "prefix": "a\r\nb"}})",
         "routes[1].auth.prefix: must not hold control bytes, or spaces around it"},
        {R"({"host": "a.example", "ports": [443]})", "routes[1].host: stands already in routes[0]"},
    };
    for (const auto& [route, message] : routes) {
        const auto policy = read(document_with(R"([{"host": "a.example", "ports": [443]}, )" +
                                               std::string(route) + "]"));
        ASSERT_FALSE(policy) << route;
        EXPECT_EQ(policy.error().message, message);
    }
}

TEST(Document, SaysHowItWouldBeWritten) {
    EXPECT_EQ(read(document_with(R"([{"host": "A.example", "ports": [443]}])")).error().hint,
              "write a.example");
}

}  // namespace
}  // namespace botbottle::policy::testing
