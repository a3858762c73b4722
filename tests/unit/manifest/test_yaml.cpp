// The strict reading of YAML: what is refused, and what a scalar is.
#include <gtest/gtest.h>

#include "fixture.h"
#include "manifest/yaml.h"

namespace botbottle {
namespace {

using yaml::Value;

TEST(Yaml, Refuses) {
    const test::Mistake rows[] = {
        {"duplicate key", "a: 1\nb: 2\na: 3",
         "f:4: the key \"a\" stands twice; the first is in line 2"},
        {"duplicate key below", "x:\n  k: 1\n  k: 2",
         "f:4: the key \"k\" stands twice; the first is in line 3"},
        {"duplicate in flow", "{a: 1, a: 2}",
         "f:2: the key \"a\" stands twice; the first is in line 2"},
        {"same key, other quotes", "a: 1\n'a': 2",
         "f:3: the key \"a\" stands twice; the first is in line 2"},
        {"anchor on a scalar", "a: &x 1",
         "f:2: anchors (\"&name\") are not allowed: write the value out where it is used"},
        {"anchor on a list", "a: &x [1]",
         "f:2: anchors (\"&name\") are not allowed: write the value out where it is used"},
        {"anchor on a mapping", "a: &x\n  b: 1",
         "f:2: anchors (\"&name\") are not allowed: write the value out where it is used"},
        {"anchor on nothing", "a: &x\nb: 1",
         "f:2: anchors (\"&name\") are not allowed: write the value out where it is used"},
        {"tag on a scalar", "a: !!str 1",
         "f:2: the tag \"tag:yaml.org,2002:str\" is not allowed: leave it out, and quote the value "
         "if it is a "
         "string"},
        {"own tag", "a: !secret b",
         "f:2: the tag \"!secret\" is not allowed: leave it out, and quote the value if it is a "
         "string"},
        {"tag on a mapping", "a: !x {b: 1}",
         "f:2: the tag \"!x\" is not allowed: leave it out, and quote the value if it is a string"},
        {"second document", "a: 1\n--- \nb: 2",
         "f:3: a second YAML document begins here; a file holds one"},
        {"content after the end", "a: 1\n...\nb: 2",
         "f:4: a second YAML document begins here; a file holds one"},
        {"a list as a key", "[a]: 1", "f:2: a key must be a word, not a collection"},
        {"a mapping as a key", "? {a: 1}\n: 2", "f:2: a key must be a word, not a collection"},
        {"an empty key", ": 1", "f:2: a key is empty"},
        {"a null key", "~: 1", "f:2: a key is empty"},
        {"a tab", "a:\n\tb: 1", "f:3: not valid YAML: illegal map value"},
        {"an open bracket", "a: [1, 2", "f:2: not valid YAML: end of sequence flow not found"},
        {"an open quote", "a: \"b", "f:2: not valid YAML: illegal EOF in scalar"},
        {"a bad escape", "a: \"\\q\"", "f:2: not valid YAML: unknown escape character: q"},
        {"a bad escape that rings", "a: \"\\\a\"",
         "f:2: not valid YAML: unknown escape character: \\u0007"},
    };
    for (const test::Mistake& row : rows) {
        Problems problems(QStringLiteral("f"));
        EXPECT_FALSE(yaml::parse(row.yaml, 2, problems)) << row.name;
        EXPECT_EQ(problems.error("x").value().message, row.error) << row.name;
    }
}

// yaml-cpp knows an alias without its anchor as an error of its own.
TEST(Yaml, RefusesAliases) {
    Problems problems(QStringLiteral("f"));
    EXPECT_FALSE(yaml::parse("a: *x", 2, problems));
    EXPECT_NE(problems.error("x").value().message.find("f:2: "), std::string::npos);
}

TEST(Yaml, ScalarsFollowTheCoreSchemaOfYaml12) {
    struct Row {
        const char* text;
        Value::Kind kind;
    };
    const Row rows[] = {
        {"yes", Value::Kind::String},
        {"no", Value::Kind::String},
        {"on", Value::Kind::String},
        {"off", Value::Kind::String},
        {"Yes", Value::Kind::String},
        {"y", Value::Kind::String},
        {"true", Value::Kind::Bool},
        {"True", Value::Kind::Bool},
        {"FALSE", Value::Kind::Bool},
        {"tRUE", Value::Kind::String},
        {"'true'", Value::Kind::String},
        {"\"1\"", Value::Kind::String},
        {"1", Value::Kind::Integer},
        {"-7", Value::Kind::Integer},
        {"+3", Value::Kind::Integer},
        {"0", Value::Kind::Integer},
        {"0644", Value::Kind::String},
        {"0x1F", Value::Kind::String},
        {"0o17", Value::Kind::String},
        {"1_000", Value::Kind::String},
        {"12:30:45", Value::Kind::String},
        {"1.5", Value::Kind::Float},
        {"1e3", Value::Kind::Float},
        {".5", Value::Kind::Float},
        {".inf", Value::Kind::Float},
        {"-.INF", Value::Kind::Float},
        {".nan", Value::Kind::Float},
        {"1.2.3", Value::Kind::String},
        {"null", Value::Kind::Null},
        {"~", Value::Kind::Null},
        {"", Value::Kind::Null},
        {"2026-01-01", Value::Kind::String},
        {"|\n  text", Value::Kind::String},
        {"[1]", Value::Kind::Sequence},
        {"{a: 1}", Value::Kind::Mapping},
        {"<<", Value::Kind::String},
    };
    for (const Row& row : rows) {
        Problems problems(QStringLiteral("f"));
        const auto root = yaml::parse(std::string("k: ") + row.text, 1, problems);
        ASSERT_TRUE(root) << row.text;
        ASSERT_NE(root->find(QStringLiteral("k")), nullptr) << row.text;
        EXPECT_EQ(root->find(QStringLiteral("k"))->kind, row.kind) << row.text;
    }
}

TEST(Yaml, KnowsTheLineOfEverything) {
    Problems problems(QStringLiteral("f"));
    const auto root = yaml::parse("a: 1\nb:\n  - x\n  -\n    y: z\n", 10, problems);
    ASSERT_TRUE(root);
    EXPECT_EQ(root->members.at(0).line, 10);
    EXPECT_EQ(root->members.at(1).line, 11);
    EXPECT_EQ(root->members.at(1).value.items.at(0).line, 12);
    EXPECT_EQ(root->members.at(1).value.items.at(1).members.at(0).line, 14);
}

TEST(Yaml, NothingIsANullNode) {
    for (const char* text : {"", "\n\n", "# only a comment\n"}) {
        Problems problems(QStringLiteral("f"));
        const auto root = yaml::parse(text, 1, problems);
        ASSERT_TRUE(root) << text;
        EXPECT_EQ(root->kind, Value::Kind::Null) << text;
    }
}

}  // namespace
}  // namespace botbottle
