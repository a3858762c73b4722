// The notation: what it admits, and what it refuses with a reason.
#include "scan/pattern.h"

#include <gtest/gtest.h>

#include "scan/rule_table.h"

namespace botbottle::scan {
namespace {

TEST(Pattern, IsASequenceOfSets) {
    const Shape shape = parse_shape("a[0-9]{2}\\x2d");
    ASSERT_EQ(shape.problem, "");
    ASSERT_EQ(shape.bytes.size(), 4U);
    EXPECT_TRUE(shape.bytes[0].test('a'));
    EXPECT_EQ(shape.bytes[1].count(), 10U);
    EXPECT_TRUE(shape.bytes[3].test('-'));
}

TEST(Pattern, IsCaselessInSetsToo) {
    const Shape shape = parse_shape("(?i)a[x]");
    ASSERT_EQ(shape.problem, "");
    EXPECT_TRUE(shape.bytes[0].test('A'));
    EXPECT_TRUE(shape.bytes[1].test('X'));
}

TEST(Pattern, RefusesWhatTheEnginesReadDifferently) {
    for (const char* text : {"ab.*c", "a+b", "ab?", "(ab)", "a|b", "^ab", "ab$", "a{2,3}", "a{0}",
                             "[a", "\\d\\d", "a", "", "[b-a]x", "a{129}", "a\\"})
        EXPECT_NE(parse_shape(text).problem, "") << text;
}

TEST(RuleTable, SaysWhichLineIsWrong) {
    struct Case {
        const char* text;
        const char* problem;
    };
    const Case cases[] = {
        {"# fine\nkey random abcd[0-9]{4}\nkey nonsense abcd[0-9]{4}", "line 3: 'nonsense'"},
        {"key random [0-9]{40}", "line 1: a pattern has four characters"},
        {"key random abcd x", "line 1: a pattern has no blanks"},
        {"@ key", "line 1: '@ id' needs a description"},
        {"key regex", "line 1: an expression is missing"},
    };
    for (const Case& wrong : cases) {
        RuleTable table;
        parse_rules(wrong.text, table);
        EXPECT_TRUE(table.problem.starts_with(wrong.problem)) << table.problem;
    }
}

}  // namespace
}  // namespace botbottle::scan
