// The file around the YAML.
#include <gtest/gtest.h>

#include "manifest/frontmatter.h"

namespace botbottle {
namespace {

TEST(Frontmatter, Splits) {
    struct Row {
        const char* name;
        std::string text;
        std::string yaml;
        const char* body;
    };
    const Row rows[] = {
        {"plain", "---\na: 1\n---\nbody\n", "a: 1\n", "body"},
        {"empty", "---\n---\n", "", ""},
        {"no newline at the end", "---\na: 1\n---", "a: 1\n", ""},
        {"CRLF", "---\r\na: 1\r\n---\r\nbody\r\n", "a: 1\r\n", "body"},
        {"byte order mark", "\xEF\xBB\xBF---\na: 1\n---\nx", "a: 1\n", "x"},
        {"blanks behind the fence", "---  \na: 1\n---\t\nx", "a: 1\n", "x"},
        {"a rule in the body", "---\na: 1\n---\none\n---\ntwo\n", "a: 1\n", "one\n---\ntwo"},
        {"body stripped", "---\n---\n\n  text \n\n", "", "text"},
        {"four dashes are no fence", "---\n----: 1\n---\n", "----: 1\n", ""},
    };
    for (const Row& row : rows) {
        Problems problems(QStringLiteral("f"));
        const auto parts = split_frontmatter(row.text, problems);
        ASSERT_TRUE(parts) << row.name;
        EXPECT_EQ(parts->yaml, row.yaml) << row.name;
        EXPECT_EQ(parts->body, QString::fromUtf8(row.body)) << row.name;
        EXPECT_EQ(parts->yaml_line, 2) << row.name;
    }
}

TEST(Frontmatter, Refuses) {
    struct Row {
        const char* name;
        std::string text;
        const char* error;
    };
    const char* none =
        "f:1: no frontmatter: the first line must be \"---\", then YAML, then another line \"---\"";
    const Row rows[] = {
        {"empty file", "", none},
        {"no fence", "# Title\n", none},
        {"a blank line first", "\n---\na: 1\n---\n", none},
        {"an indented fence", " ---\na: 1\n---\n", none},
        {"no end", "---\na: 1\n",
         "f:1: the frontmatter does not end: a second line \"---\" is missing"},
        {"a fence alone", "---",
         "f:1: the frontmatter does not end: a second line \"---\" is missing"},
        {"Latin-1", "---\na: \xE9\n---\n", "f: not a UTF-8 text file"},
        {"overlong UTF-8", "---\na: \xC0\xAF\n---\n", "f: not a UTF-8 text file"},
        {"a NUL byte", std::string("---\na: \0\n---\n", 13), "f: not a UTF-8 text file"},
    };
    for (const Row& row : rows) {
        Problems problems(QStringLiteral("f"));
        EXPECT_FALSE(split_frontmatter(row.text, problems)) << row.name;
        EXPECT_EQ(problems.error("x").value().message, row.error) << row.name;
    }
}

}  // namespace
}  // namespace botbottle
