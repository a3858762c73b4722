// A key that nothing enforces yet is refused in the table's own words, and the same text is
// accepted as soon as its line is gone: whoever deletes a line has no test to change.
#include <gtest/gtest.h>

#include "fixture.h"
#include "manifest/not_enforced.h"
#include "manifest/settings.h"

namespace botbottle {
namespace {

struct Sample {
    const char* path;
    const char* yaml;
    const char* place;  // in the error
};

const char* const kRepo = "url: ssh://git@example.com/a.git, identity: ~/.ssh/id, rules: ";

std::string repo(const std::string& rules) {
    return std::string("git-gate:\n  repos:\n    a: {") + kRepo + rules + "}\nsupervise: true";
}

void expect_as_the_table_says(const char* path, const Result<BottleManifest>& bottle,
                              const std::string& place) {
    const char* why = not_enforced(path);
    if (why == nullptr) return;
    ASSERT_FALSE(bottle) << path;
    EXPECT_TRUE(test::has_line(bottle.error(), place + ": " + why)) << path << "\n"
                                                                    << bottle.error().message;
}

TEST(NotEnforced, IsRefusedInTheWordsOfTheTable) {
    const Sample rows[] = {
        {"agent_provider.dockerfile", "agent_provider:\n  dockerfile: ~/agent/Dockerfile",
         "dev.md:3: agent_provider.dockerfile"},
        {"egress.budget", "egress:\n  budget: {bytes: 1G}", "dev.md:3: egress.budget"},
        {"egress.routes[].auth.scheme: query",
         "egress:\n  routes:\n    - host: a.example\n      auth: {scheme: query, name: key, "
         "token_ref: T}",
         "dev.md:5: egress.routes[0].auth.scheme"},
        {"egress.routes[].budget",
         "egress:\n  routes:\n    - host: a.example\n      budget: {requests: 5}",
         "dev.md:5: egress.routes[0].budget"},
        {"egress.routes[].dlp", "egress:\n  routes:\n    - host: a.example\n      dlp: off",
         "dev.md:5: egress.routes[0].dlp"},
        {"egress.routes[].dlp",
         "egress:\n  routes:\n    - host: a.example\n      pipelock: {tls_passthrough: true}",
         "dev.md:5: egress.routes[0].pipelock.tls_passthrough"},
        {"egress.routes[].host: *", "egress:\n  routes:\n    - host: '*.example.com'",
         "dev.md:4: egress.routes[0].host"},
        {"egress.routes[].intercept: false",
         "egress:\n  routes:\n    - host: a.example\n      intercept: false",
         "dev.md:5: egress.routes[0].intercept"},
    };
    for (const Sample& row : rows)
        expect_as_the_table_says(row.path, test::bottle_of(row.yaml), row.place);
    expect_as_the_table_says("git-gate.repos", test::bottle_of(repo("{}")),
                             "dev.md:3: git-gate.repos");
}

TEST(NotEnforced, WhatIsEnforcedHasNoLine) {
    EXPECT_EQ(not_enforced("egress.routes[].ports"), nullptr);
    EXPECT_TRUE(test::bottle_of(repo("{dlp: hold, paths: ['.github/**']}")));
    EXPECT_TRUE(test::bottle_of("supervise: false\ngit-gate: {repos: {}}"));
    EXPECT_TRUE(test::bottle_of("egress: {routes: [{host: a.example, websocket: false}]}"));
    EXPECT_TRUE(test::bottle_of("egress: {routes: [{host: a.example, websocket: true}]}"));
}

}  // namespace
}  // namespace botbottle
