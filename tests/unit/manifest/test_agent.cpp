// Every key of an agent file.
#include <gtest/gtest.h>

#include "fixture.h"

namespace botbottle {
namespace {

using test::agent_of;

TEST(Agent, AllKeys) {
    const auto agent = agent_of(
        "bottle: dev\nskills: [pdf, Code-Review]\ngit-gate:\n  user: {name: Ada}\nname: "
        "x\ndescription: 'a: b'\n"
        "model: opus\ncolor: 7\nmemory: {a: b}\ntools: [Read, Write]",
        "\n# Prompt\n\nDo it.\n\n");
    ASSERT_TRUE(agent) << agent.error().message;
    EXPECT_EQ(agent->bottle, QStringLiteral("dev"));
    EXPECT_EQ(agent->skills, QStringList({QStringLiteral("pdf"), QStringLiteral("Code-Review")}));
    EXPECT_EQ(agent->git_identity.name, QStringLiteral("Ada"));
    EXPECT_EQ(agent->prompt, QStringLiteral("# Prompt\n\nDo it."));
    EXPECT_EQ(agent->where.line, 2);
    EXPECT_FALSE(agent->from_repository);
}

TEST(Agent, PromptMayBeEmpty) {
    const auto agent = agent_of("bottle: dev");
    ASSERT_TRUE(agent);
    EXPECT_TRUE(agent->prompt.isEmpty());
}

TEST(Agent, Mistakes) {
    const test::Mistake rows[] = {
        {"no bottle", "skills: []",
         "dev.md:2: bottle: missing: the bottle that this agent runs in"},
        {"nothing at all", "", "dev.md:2: bottle: missing: the bottle that this agent runs in"},
        {"bottle empty", "bottle: ''",
         "dev.md:2: bottle: empty: the bottle that this agent runs in"},
        {"bottle list", "bottle: [a]", "dev.md:2: bottle: found a list, expected a string"},
        {"bottle path", "bottle: ../../etc/passwd",
         "dev.md:2: bottle: found \"../../etc/passwd\", expected the name of a bottle "
         "([a-z][a-z0-9-]*)"},
        {"bottle absolute", "bottle: /etc/passwd",
         "dev.md:2: bottle: found \"/etc/passwd\", expected the name of a bottle "
         "([a-z][a-z0-9-]*)"},
        {"skills word", "bottle: dev\nskills: pdf",
         "dev.md:3: skills: found the string \"pdf\", expected a list"},
        {"skill number", "bottle: dev\nskills: [1]",
         "dev.md:3: skills[0]: found the number 1, expected a string: write \"1\""},
        {"skill path", "bottle: dev\nskills: [../../.ssh]",
         "dev.md:3: skills: found \"../../.ssh\", expected the name of a skill, not a path"},
        {"skill twice", "bottle: dev\nskills: [a, a]", "dev.md:3: skills: \"a\" stands twice"},
        {"repos", "bottle: dev\ngit-gate:\n  repos: {}",
         "dev.md:4: git-gate.repos: repos carry credentials and host trust, so they belong to a "
         "bottle, never to "
         "an agent"},
        {"git-gate word", "bottle: dev\ngit-gate: x",
         "dev.md:3: git-gate: found the string \"x\", expected a mapping (\"key: value\")"},
        {"user empty", "bottle: dev\ngit-gate:\n  user: {}",
         "dev.md:4: git-gate.user: neither name nor email is set: leave the key out"},
        {"egress", "bottle: dev\negress: {}",
         "dev.md:3: unknown key \"egress\"; allowed: bottle, skills, git-gate, name, description, "
         "model, color, "
         "memory or tools"},
        {"near miss", "botle: dev", "dev.md:2: unknown key \"botle\"; did you mean \"bottle\"?"},
    };
    for (const test::Mistake& row : rows) {
        const auto agent = agent_of(row.yaml);
        ASSERT_FALSE(agent) << row.name;
        EXPECT_EQ(agent.error().code, "manifest_invalid") << row.name;
        EXPECT_TRUE(test::has_line(agent.error(), row.error)) << row.name << "\n"
                                                              << agent.error().message;
    }
}

}  // namespace
}  // namespace botbottle
