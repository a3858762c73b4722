// `egress.routes`: canonical values, and each way to get one wrong.
#include <gtest/gtest.h>

#include "fixture.h"
#include "manifest/route_reader.h"

namespace botbottle {
namespace {

using test::bottle_of;

Result<BottleManifest> bottle_with_route(const std::string& keys) {
    return bottle_of("egress:\n  routes:\n    - {host: example.com, " + keys + "}");
}

TEST(Routes, Defaults) {
    const auto bottle = bottle_of("egress:\n  routes:\n    - host: example.com");
    ASSERT_TRUE(bottle) << bottle.error().message;
    ASSERT_EQ(bottle->routes.size(), 1);
    const RouteManifest& route = bottle->routes[0];
    EXPECT_EQ(route.host, QStringLiteral("example.com"));
    EXPECT_EQ(route.ports, QList<int>{443});
    EXPECT_FALSE(route.methods);
    EXPECT_FALSE(route.path_allowlist);
    EXPECT_FALSE(route.auth);
    EXPECT_FALSE(route.git_fetch);
    EXPECT_TRUE(route.ssrf_ip_allowlist.isEmpty());
    EXPECT_EQ(route.where.line, 4);
}

TEST(Routes, HostsAreCanonical) {
    struct Row {
        const char* written;
        const char* canonical;
    };
    const Row rows[] = {
        {"API.Example.COM", "api.example.com"},      {"example.com.", "example.com"},
        {"bücher.example", "xn--bcher-kva.example"}, {"192.0.2.1", "192.0.2.1"},
        {"'[2001:DB8::1]'", "[2001:db8::1]"},        {"localhost", "localhost"}};
    for (const Row& row : rows) {
        const auto bottle =
            bottle_of(std::string("egress:\n  routes:\n    - host: ") + row.written);
        ASSERT_TRUE(bottle) << row.written << bottle.error().message;
        EXPECT_EQ(bottle->routes[0].host, QString::fromLatin1(row.canonical)) << row.written;
    }
}

TEST(Routes, Keys) {
    const auto bottle = bottle_with_route(
        "ports: [443, 8443], methods: [GET, POST], path_allowlist: [/repos/me, /user/], "
        "ssrf_ip_allowlist: [10.0.0.0/8, '2001:DB8::1'], git: {fetch: true}, intercept: true, "
        "websocket: false");
    ASSERT_TRUE(bottle) << bottle.error().message;
    const RouteManifest& route = bottle->routes[0];
    EXPECT_EQ(route.ports, (QList<int>{443, 8443}));
    EXPECT_EQ(route.methods, QStringList({QStringLiteral("GET"), QStringLiteral("POST")}));
    EXPECT_EQ(route.path_allowlist,
              QStringList({QStringLiteral("/repos/me"), QStringLiteral("/user/")}));
    EXPECT_EQ(route.ssrf_ip_allowlist,
              QStringList({QStringLiteral("10.0.0.0/8"), QStringLiteral("2001:db8::1")}));
    EXPECT_TRUE(route.git_fetch);
}

TEST(Routes, OlderSpellingOfPrivateRanges) {
    const auto bottle =
        bottle_with_route("pipelock: {ssrf_ip_allowlist: [10.1.0.0/16], tls_passthrough: false}");
    ASSERT_TRUE(bottle) << bottle.error().message;
    EXPECT_EQ(bottle->routes[0].ssrf_ip_allowlist, QStringList(QStringLiteral("10.1.0.0/16")));
}

TEST(Routes, AuthSchemes) {
    struct Row {
        const char* auth;
        AuthScheme scheme;
        const char* username;
        const char* header;
        const char* prefix;
    };
    const Row rows[] = {
        {"{scheme: Bearer, token_ref: TOKEN}", AuthScheme::Bearer, "", "", ""},
        {"{scheme: token, token_ref: TOKEN}", AuthScheme::Token, "", "", ""},
        {"{scheme: Basic, username: ada, token_ref: TOKEN}", AuthScheme::Basic, "ada", "", ""},
        {"{scheme: header, name: X-Api-Key, token_ref: TOKEN}", AuthScheme::Header, "", "X-Api-Key",
         ""},
        {"{scheme: header, name: Authorization, prefix: Key, token_ref: TOKEN}", AuthScheme::Header,
         "", "Authorization", "Key"},
    };
    for (const Row& row : rows) {
        const auto bottle = bottle_with_route(std::string("auth: ") + row.auth);
        ASSERT_TRUE(bottle) << row.auth << bottle.error().message;
        const auto& auth = bottle->routes[0].auth;
        ASSERT_TRUE(auth) << row.auth;
        EXPECT_EQ(auth->scheme, row.scheme) << row.auth;
        EXPECT_EQ(auth->token_ref, QStringLiteral("TOKEN")) << row.auth;
        EXPECT_EQ(auth->username, QString::fromLatin1(row.username)) << row.auth;
        EXPECT_EQ(auth->header, QString::fromLatin1(row.header)) << row.auth;
        EXPECT_EQ(auth->prefix, QString::fromLatin1(row.prefix)) << row.auth;
        EXPECT_FALSE(auth->cookies) << row.auth;
    }
    const auto with = bottle_with_route("auth: {scheme: Bearer, token_ref: T, cookies: true}");
    ASSERT_TRUE(with);
    EXPECT_TRUE(with->routes[0].auth->cookies);
}

// `yaml` of a row is the inside of one route besides its host.
TEST(Routes, Mistakes) {
    const std::string path = "dev.md:4: egress.routes[0]";
    const test::Mistake rows[] = {
        {"unknown", "hosts: a", ": unknown key \"hosts\"; did you mean \"host\"?"},
        {"port word", "ports: 443", ".ports: found the number 443, expected a list"},
        {"ports empty", "ports: []", ".ports: the list is empty: leave the key out"},
        {"port string", "ports: ['443']",
         ".ports[0]: found the string \"443\", expected an integer from 1 to 65535"},
        {"port zero", "ports: [0]",
         ".ports[0]: found the number 0, expected an integer from 1 to 65535"},
        {"port high", "ports: [443, 65536]",
         ".ports[1]: found the number 65536, expected an integer from 1 to 65535"},
        {"port negative", "ports: [-1]",
         ".ports[0]: found the number -1, expected an integer from 1 to 65535"},
        {"port float", "ports: [443.0]",
         ".ports[0]: found the number 443.0, expected an integer from 1 to 65535"},
        {"port beyond 64 bits", "ports: [18446744073709552059]",
         ".ports[0]: found the number 18446744073709552059, expected an integer from 1 to 65535"},
        {"port null", "ports: [~]",
         ".ports[0]: found nothing, expected an integer from 1 to 65535"},
        {"port leading zero", "ports: [0443]",
         ".ports[0]: found the string \"0443\", expected an integer from 1 to 65535"},
        {"port twice", "ports: [443, 443]", ".ports[1]: the port 443 stands twice"},
        {"methods word", "methods: GET", ".methods: found the string \"GET\", expected a list"},
        {"methods empty", "methods: []", ".methods: the list is empty: leave the key out"},
        {"method lower", "methods: [get]",
         ".methods[0]: found \"get\", expected an HTTP method in capitals; did you mean \"GET\"?"},
        {"method unknown", "methods: [FETCH]",
         ".methods[0]: found \"FETCH\", expected an HTTP method in capitals"},
        {"method CONNECT", "methods: [CONNECT]",
         ".methods[0]: found \"CONNECT\", expected an HTTP method in capitals"},
        {"method star", "methods: ['*']",
         ".methods[0]: found \"*\", expected an HTTP method in capitals"},
        {"method number", "methods: [1]",
         ".methods[0]: found the number 1, expected a string: write \"1\""},
        {"paths word", "path_allowlist: /a",
         ".path_allowlist: found the string \"/a\", expected a list"},
        {"paths empty", "path_allowlist: []",
         ".path_allowlist: the list is empty: leave the key out"},
        {"path relative", "path_allowlist: [a]",
         ".path_allowlist[0]: found \"a\": the path does not begin with a slash; write it from the "
         "root: /…"},
        {"path mapping", "path_allowlist: [{a: b}]",
         ".path_allowlist[0]: found a mapping, expected a string"},
        {"auth empty", "auth: {}",
         ".auth: empty: leave the key out for a route without a credential"},
        {"auth word", "auth: Bearer",
         ".auth: found the string \"Bearer\", expected a mapping (\"key: value\")"},
        {"auth null", "auth: ", ".auth: found nothing, expected a mapping (\"key: value\")"},
        {"scheme missing", "auth: {token_ref: T}",
         ".auth.scheme: missing: Bearer, token, Basic, header or query"},
        {"scheme case", "auth: {scheme: bearer, token_ref: T}",
         ".auth.scheme: found \"bearer\", expected Bearer, token, Basic, header or query; did you "
         "mean "
         "\"Bearer\"?"},
        {"scheme unknown", "auth: {scheme: Digest, token_ref: T}",
         ".auth.scheme: found \"Digest\", expected Bearer, token, Basic, header or query"},
        {"token_ref missing", "auth: {scheme: Bearer}",
         ".auth.token_ref: missing: the name of the host variable that holds the credential"},
        {"token_ref empty", "auth: {scheme: Bearer, token_ref: ''}",
         ".auth.token_ref: empty: the name of the host variable that holds the credential"},
        {"token_ref number", "auth: {scheme: Bearer, token_ref: 7}",
         ".auth.token_ref: found the number 7, expected a string: write \"7\""},
        {"token_ref is the token", "auth: {scheme: Bearer, token_ref: sk-ant-oat01-canary}",
         ".auth.token_ref: not the name of an environment variable; write the variable's name, "
         "never the "
         "credential itself"},
        {"Bearer with username", "auth: {scheme: Bearer, token_ref: T, username: a}",
         ".auth: unknown key \"username\"; allowed: scheme, token_ref or cookies"},
        {"Basic without username", "auth: {scheme: Basic, token_ref: T}",
         ".auth.username: missing: the name that goes with the password"},
        {"Basic with colon", "auth: {scheme: Basic, username: 'a:b', token_ref: T}",
         ".auth.username: found \"a:b\": a user name holds no colon and no control character (RFC "
         "7617)"},
        {"header without name", "auth: {scheme: header, token_ref: T}",
         ".auth.name: missing: the header that carries the credential"},
        {"header name", "auth: {scheme: header, name: 'X Key', token_ref: T}",
         ".auth.name: found \"X Key\", which cannot carry a credential"},
        {"header Host", "auth: {scheme: header, name: Host, token_ref: T}",
         ".auth.name: found \"Host\", which cannot carry a credential"},
        {"header framing", "auth: {scheme: header, name: Content-Length, token_ref: T}",
         ".auth.name: found \"Content-Length\", which cannot carry a credential"},
        {"header prefix", "auth: {scheme: header, name: X, prefix: \"a\\r\\nb\", token_ref: T}",
         ".auth.prefix: found \"a\\u000d\\u000ab\": control characters and blanks around it are "
         "not allowed"},
        {"header prefix blank", "auth: {scheme: header, name: X, prefix: 'a ', token_ref: T}",
         ".auth.prefix: found \"a \": control characters and blanks around it are not allowed"},
        {"header of the proxy", "auth: {scheme: header, name: Proxy-Authorization, token_ref: T}",
         ".auth.name: found \"Proxy-Authorization\", which cannot carry a credential"},
        {"method TRACE", "methods: [TRACE]",
         ".methods[0]: found \"TRACE\", expected an HTTP method in capitals"},
        {"git word", "git: fetch",
         ".git: found the string \"fetch\", expected a mapping (\"key: value\")"},
        {"git push", "git: {push: true}",
         ".git.push: a push over HTTPS is never allowed: git-gate is the door for it"},
        {"git fetch word", "git: {fetch: 'yes'}",
         ".git.fetch: found the string \"yes\", expected true or false"},
        {"range word", "ssrf_ip_allowlist: 10.0.0.0/8",
         ".ssrf_ip_allowlist: found the string \"10.0.0.0/8\", expected a list"},
        {"range with host bits", "ssrf_ip_allowlist: [10.0.0.1/8]",
         ".ssrf_ip_allowlist[0]: found \"10.0.0.1/8\": there are bits set below the prefix length; "
         "write 10.0.0.0/8"},
        {"range name", "ssrf_ip_allowlist: [intranet]",
         ".ssrf_ip_allowlist[0]: found \"intranet\": not an IP address; write 192.0.2.1 (four "
         "decimal numbers, no "
         "leading zeros) or 2001:db8::1"},
        {"range float", "ssrf_ip_allowlist: [10.0]",
         ".ssrf_ip_allowlist[0]: found the number 10.0, expected a string: write \"10.0\""},
        {"intercept word", "intercept: no",
         ".intercept: found the string \"no\", expected true or false"},
        {"role", "role: x", ".role: the key is reserved: leave it out"},
        {"pipelock word", "pipelock: true",
         ".pipelock: found the boolean true, expected a mapping (\"key: value\")"},
        {"pipelock both",
         "ssrf_ip_allowlist: [10.0.0.0/8], pipelock: {ssrf_ip_allowlist: [10.0.0.0/8]}",
         ".pipelock.ssrf_ip_allowlist: given twice: keep \"ssrf_ip_allowlist\" of the route and "
         "remove \"pipelock\""},
    };
    for (const test::Mistake& row : rows) {
        const auto bottle = bottle_with_route(row.yaml);
        ASSERT_FALSE(bottle) << row.name;
        EXPECT_TRUE(test::has_line(bottle.error(), path + row.error)) << row.name << "\n"
                                                                      << bottle.error().message;
    }
}

TEST(Routes, HostMistakes) {
    const test::Mistake rows[] = {
        {"missing", "ports: [1]",
         "dev.md:4: egress.routes[0].host: missing: the name that this route opens"},
        {"empty", "host: ''",
         "dev.md:4: egress.routes[0].host: empty: the name that this route opens"},
        {"number", "host: 7",
         "dev.md:4: egress.routes[0].host: found the number 7, expected a string: write \"7\""},
        {"URL", "host: https://example.com/x",
         "dev.md:4: egress.routes[0].host: found \"https://example.com/x\", expected a host name "
         "without scheme and "
         "path"},
    };
    for (const test::Mistake& row : rows) {
        const auto bottle = bottle_of(std::string("egress:\n  routes:\n    - ") + row.yaml);
        ASSERT_FALSE(bottle) << row.name;
        EXPECT_TRUE(test::has_line(bottle.error(), row.error)) << row.name << "\n"
                                                               << bottle.error().message;
    }
    // The reasons are base/host.cpp's own; that each is refused, at its place, is what counts here.
    for (const char* host :
         {"127.1", "0x7f.0.0.1", "2130706433", "0177.0.0.1", "a..b", "example.com:443",
          "user@example.com", "-a.example", "a b", "fe80::1%eth0", "a\\x", "*.com", "*.co.uk",
          "*.github.io", "*.COM", "*.рф"}) {
        const auto bottle =
            bottle_of(std::string("egress:\n  routes:\n    - host: '") + host + "'");
        ASSERT_FALSE(bottle) << host;
        EXPECT_EQ(bottle.error().message.rfind("dev.md:4: egress.routes[0].host: found \"", 0), 0U)
            << bottle.error().message;
    }
}

TEST(Routes, PathsMustBeCanonical) {
    for (const char* path :
         {"/a/../b", "/a//b", "/a/./b", "/%2e%2e", "/a%2fb", "/a?b", "/a b", "/%zz"}) {
        EXPECT_FALSE(bottle_with_route(std::string("path_allowlist: ['") + path + "']")) << path;
    }
}

TEST(Routes, HostsAreUniqueInEverySpelling) {
    const auto bottle = bottle_of(
        "egress:\n  routes:\n    - host: example.com\n    - host: other.example\n    - host: "
        "EXAMPLE.com.");
    ASSERT_FALSE(bottle);
    EXPECT_EQ(bottle.error().message,
              "dev.md:6: egress.routes[2].host: \"example.com\" has a route already, in line 4: "
              "merge the two");
}

TEST(Routes, AProvidersRouteNamesASecret) {
    Problems problems(QStringLiteral("plan"));
    const auto root = yaml::parse(
        "[{host: a.example, auth: {scheme: Bearer, secret: token}}, {host: b.example, pipelock: "
        "{}}, "
        "{host: c.example, auth: {scheme: Bearer, token_ref: T}}]",
        1, problems);
    ASSERT_TRUE(root);
    const auto routes =
        read_routes(*root, QStringLiteral("routes"), RouteWriter::Provider, problems);
    ASSERT_EQ(routes.size(), 3);
    EXPECT_EQ(routes[0].auth->token_ref, QStringLiteral("token"));
    const Error error = problems.error("x").value();
    EXPECT_TRUE(
        test::has_line(error, "plan:1: routes[2].auth.secret: missing: a member of \"secrets\""))
        << error.message;
    EXPECT_NE(error.message.find("routes[1]: unknown key \"pipelock\""), std::string::npos)
        << error.message;
}

}  // namespace
}  // namespace botbottle
