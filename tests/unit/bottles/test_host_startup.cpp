#include <gtest/gtest.h>

#include "bottles/host_startup.h"

namespace botbottle {
namespace {

struct Name {
    const char* path;
    bool held;
    bool never;
};

const Name kNames[] = {
    {"src/main.c", false, false},
    {"Makefile", false, false},
    {"package.json", false, false},
    {"docs/claude.md", false, false},
    {"environment", false, false},
    {".gitignore", false, false},
    {".github/workflows/ci.yml", false, false},
    {"hooks/useThing.ts", false, false},
    {"config", false, false},
    {".git", true, false},
    {".git/config", true, false},
    {".git/hooks", true, true},
    {".git/hooks/pre-commit", true, true},
    {".GIT/Hooks/pre-commit", true, true},
    {".git/modules/lib/hooks/post-checkout", true, true},
    {"vendor/lib/.git/hooks/x", true, true},
    {"bare.git/config", true, false},
    {"bare/commondir", true, false},
    {".claude", true, false},
    {".claude/settings.json", true, false},
    {"deep/down/.Claude/settings.local.json", true, false},
    {".mcp.json", true, false},
    {".vscode/tasks.json", true, false},
    {".envrc", true, false},
    {".env", true, false},
    {".env.local", true, false},
    {".husky/pre-commit", true, false},
    {".bashrc", true, false},
    {"my.code-workspace", true, false},
    {"lib/python/site.pth", true, false},
};

TEST(HostStartup, NamesThatRunByThemselvesAreHeldBack) {
    for (const Name& name : kNames) {
        const auto held = held_back(name.path);
        EXPECT_EQ(held.has_value(), name.held) << name.path;
        EXPECT_EQ(held && held->never, name.never) << name.path;
        if (held) {
            EXPECT_FALSE(held->because.isEmpty()) << name.path;
        }
    }
}

struct Link {
    const char* path;
    const char* target;
    bool safe;
};

const Link kLinks[] = {
    {"l", "src/main.c", true},    {"l", ".", true},           {"d/l", "../src", true},
    {"a/b/l", "../../x", true},   {"l", "./x", true},         {"l", "", false},
    {"l", "/etc/passwd", false},  {"l", "..", false},         {"l", "../x", false},
    {"d/l", "../../x", false},    {"l", "d/../x", false},  // d may be a link to "."
    {"d/l", "../e/../..", false}, {"l", ".git/hooks", false}, {"d/l", "../.GIT/config", false},
};

TEST(HostStartup, LinksStayInTheTreeWhateverIsOnTheirWay) {
    for (const Link& link : kLinks)
        EXPECT_EQ(unsafe_link(link.path, link.target).isEmpty(), link.safe)
            << link.path << " -> " << link.target;
}

}  // namespace
}  // namespace botbottle
