// Every key with every kind of value that it is not: refused, with file, line and the key's path.
#include <gtest/gtest.h>

#include <algorithm>

#include "fixture.h"

namespace botbottle {
namespace {

struct Kind {
    const char* name;
    const char* yaml;
};
const Kind kKinds[] = {{"string", "word"}, {"number", "7"},  {"boolean", "true"},
                       {"nothing", "~"},   {"list", "[[]]"}, {"mapping", "{k: v}"}};

struct Key {
    const char* yaml;  // @ is the value
    const char* path;
    const char* allowed;  // kinds
};

const Key kBottle[] = {
    {"env: @", "env", "mapping"},
    {"env: {A: @}", "env.A", "string"},
    {"extends: @", "extends", "string"},
    {"agent_provider: @", "agent_provider", "mapping"},
    {"agent_provider: {template: @}", "agent_provider.template", "string"},
    {"agent_provider: {dockerfile: @}", "agent_provider.dockerfile", "string"},
    {"git-gate: @", "git-gate", "mapping"},
    {"git-gate: {user: @}", "git-gate.user", "mapping"},
    {"git-gate: {user: {name: @}}", "git-gate.user.name", "string"},
    {"git-gate: {user: {email: @}}", "git-gate.user.email", "string"},
    {"git-gate: {repos: @}", "git-gate.repos", "mapping"},
    {"git-gate: {repos: {a: @}}", "git-gate.repos.a", "mapping, nothing"},  // it lacks its url
    {"git-gate: {repos: {a: {identity: /k, url: @}}}", "git-gate.repos.a.url", "string"},
    {"git-gate: {repos: {a: {identity: @, url: ssh://g@h.example/r}}}", "git-gate.repos.a.identity",
     "string"},
    {"git-gate: {repos: {a: {host_key: @, url: ssh://g@h.example/r, identity: /k}}}",
     "git-gate.repos.a.host_key", "string"},
    {"git-gate: {repos: {a: {rules: @, url: ssh://g@h.example/r, identity: /k}}}",
     "git-gate.repos.a.rules", "mapping"},
    {"egress: @", "egress", "mapping"},
    {"egress: {routes: [], budget: @}", "egress.budget", "mapping"},
    {"egress: {routes: [{host: a.example, dlp: @}]}", "egress.routes[0].dlp", "string"},
    {"egress: {routes: [{host: a.example, auth: {scheme: Basic, token_ref: T, username: @}}]}",
     "egress.routes[0].auth.username", "string"},
    {"egress: {routes: [{host: a.example, auth: {scheme: header, token_ref: T, name: @}}]}",
     "egress.routes[0].auth.name", "string"},
    {"egress: {routes: [{host: a.example, auth: {scheme: header, token_ref: T, name: x-k, prefix: "
     "@}}]}",
     "egress.routes[0].auth.prefix", "string"},
    {"egress: {routes: [{host: a.example, auth: {scheme: query, token_ref: T, name: @}}]}",
     "egress.routes[0].auth.name", "string"},
    {"egress: {routes: [{host: a.example, git: {fetch: @}}]}", "egress.routes[0].git.fetch",
     "boolean"},
    {"egress: {routes: [{host: a.example, pipelock: {tls_passthrough: @}}]}",
     "egress.routes[0].pipelock.tls_passthrough", "boolean"},
    {"egress: {routes: [{host: a.example, pipelock: {ssrf_ip_allowlist: @}}]}",
     "egress.routes[0].pipelock.ssrf_ip_allowlist", "list"},
    {"egress: {routes: @}", "egress.routes", "list"},
    {"egress: {routes: [@]}", "egress.routes[0]",
     "mapping, nothing"},  // an empty one lacks its host
    {"egress: {routes: [{host: @}]}", "egress.routes[0].host", "string"},
    {"egress: {routes: [{host: a.example, ports: @}]}", "egress.routes[0].ports", "list"},
    {"egress: {routes: [{host: a.example, ports: [@]}]}", "egress.routes[0].ports[0]", "number"},
    {"egress: {routes: [{host: a.example, methods: @}]}", "egress.routes[0].methods", "list"},
    {"egress: {routes: [{host: a.example, methods: [@]}]}", "egress.routes[0].methods[0]",
     "string"},
    {"egress: {routes: [{host: a.example, path_allowlist: @}]}", "egress.routes[0].path_allowlist",
     "list"},
    {"egress: {routes: [{host: a.example, path_allowlist: [@]}]}",
     "egress.routes[0].path_allowlist[0]", "string"},
    {"egress: {routes: [{host: a.example, auth: @}]}", "egress.routes[0].auth", "mapping"},
    {"egress: {routes: [{host: a.example, auth: {scheme: @, token_ref: T}}]}",
     "egress.routes[0].auth.scheme", "string"},
    {"egress: {routes: [{host: a.example, auth: {scheme: Bearer, token_ref: @}}]}",
     "egress.routes[0].auth.token_ref", "string"},
    {"egress: {routes: [{host: a.example, intercept: @}]}", "egress.routes[0].intercept",
     "boolean"},
    {"egress: {routes: [{host: a.example, websocket: @}]}", "egress.routes[0].websocket",
     "boolean"},
    {"egress: {routes: [{host: a.example, git: @}]}", "egress.routes[0].git", "mapping"},
    {"egress: {routes: [{host: a.example, ssrf_ip_allowlist: @}]}",
     "egress.routes[0].ssrf_ip_allowlist", "list"},
    {"egress: {routes: [{host: a.example, ssrf_ip_allowlist: [@]}]}",
     "egress.routes[0].ssrf_ip_allowlist[0]", "string"},
    {"egress: {routes: [{host: a.example, pipelock: @}]}", "egress.routes[0].pipelock", "mapping"},
    {"supervise: @", "supervise", "boolean"},
    {"resources: @", "resources", "mapping"},
    {"resources: {cpus: @}", "resources.cpus", "number"},
    {"resources: {memory: @}", "resources.memory", "number"},
    {"resources: {disk: @}", "resources.disk", "number"},
    {"resources: {pids: @}", "resources.pids", "number"},
    {"workspace: @", "workspace", "mapping"},
    {"workspace: {mode: @}", "workspace.mode", "string"},
    {"workspace: {exclude: @}", "workspace.exclude", "list"},
    {"workspace: {exclude: [@]}", "workspace.exclude[0]", "string"},
};

const Key kAgent[] = {
    {"bottle: @", "bottle", "string"},
    {"bottle: dev\nskills: @", "skills", "list"},
    {"bottle: dev\nskills: [@]", "skills[0]", "string"},
    {"bottle: dev\ngit-gate: @", "git-gate", "mapping"},
    {"bottle: dev\ngit-gate: {user: @}", "git-gate.user", "mapping"},
    {"bottle: dev\ngit-gate: {user: {name: @}}", "git-gate.user.name", "string"},
};

template <typename Read>
int refuse_each(const Key& key, const Read& read) {
    int rows = 0;
    for (const Kind& kind : kKinds) {
        if (std::string(key.allowed).find(kind.name) != std::string::npos) continue;
        std::string yaml = key.yaml;
        const std::size_t at = yaml.find('@');
        const auto line = 2 + std::count(yaml.begin(), yaml.begin() + static_cast<long>(at), '\n');
        yaml.replace(at, 1, kind.yaml);
        const auto value = read(yaml);
        ++rows;
        if (value) {
            ADD_FAILURE() << yaml << ": was accepted";
            continue;
        }
        EXPECT_EQ(value.error().code, "manifest_invalid");
        const std::string begin = "dev.md:" + std::to_string(line) + ": " + key.path + ": found ";
        EXPECT_NE(("\n" + value.error().message).find("\n" + begin), std::string::npos)
            << yaml << " must say: " << begin << "…\nbut says: " << value.error().message;
    }
    return rows;
}

TEST(Types, EachWrongOneIsRefusedWithItsPlace) {
    int rows = 0;
    for (const Key& key : kBottle)
        rows += refuse_each(key, [](const auto& yaml) { return test::bottle_of(yaml); });
    for (const Key& key : kAgent)
        rows += refuse_each(key, [](const auto& yaml) { return test::agent_of(yaml); });
    EXPECT_GE(rows, 200);
}

}  // namespace
}  // namespace botbottle
