// The pure parts of the hook: globs, rules about refs, git's raw diffs, and lines that are new.
#include <gtest/gtest.h>

#include "git-hook/added_lines.h"
#include "git-hook/raw_diff.h"
#include "git-hook/ref_rules.h"

namespace botbottle::git_hook {
namespace {

const std::string kOne(40, '1');
const std::string kTwo(40, '2');
const std::string kZero(40, '0');

TEST(Globs, StopAtSlashesUnlessDoubled) {
    const struct {
        const char* glob;
        const char* name;
        bool matches;
    } rows[] = {
        {"main", "main", true},
        {"main", "mains", false},
        {"main", "x/main", false},
        {"*", "main", true},
        {"*", "a/b", false},
        {"**", "a/b/c", true},
        {"feature/*", "feature/x", true},
        {"feature/*", "feature/x/y", false},
        {"feature/**", "feature/x/y", true},
        {"feature/**", "feature", false},
        {"**/x", "a/b/x", true},
        {"a*b*c", "axxbyyc", true},
        {"a*b*c", "axxbyy", false},
        {"?", "a", true},
        {"?", "/", false},
        {"v[0-9]", "v7", true},
        {"v[!0-9]", "v7", false},
        {"v[0-9", "v7", false},
        {"**a*b", "x/a/b", false},
        {"**a*b", "x/a/yab", true},
        {"", "", true},
        {"", "a", false},
        {"*/**/*", "a/b/c/d", true},
    };
    for (const auto& row : rows)
        EXPECT_EQ(matches(row.glob, row.name), row.matches) << row.glob << " " << row.name;
}

TEST(Globs, OfPathsCoverWhatIsInAFolder) {
    const struct {
        const char* glob;
        const char* path;
        bool covers;
    } rows[] = {
        {".github/workflows/**", ".github/workflows/ci.yml", true},
        {".github/workflows/**", ".github/workflows/a/b.yml", true},
        {".github/workflows/**", ".github/dependabot.yml", false},
        {".github/workflows/**", "docs/.github/workflows/ci.yml", false},
        {".github/workflows", ".github/workflows/ci.yml", true},
        {".github/", ".github/workflows/ci.yml", true},
        {".github", ".github2/x", false},
        {"Makefile", "Makefile", true},
        {"Makefile", "src/Makefile", false},
        {"**/Makefile", "src/a/Makefile", true},
        {"*.lock", "a/b.lock", false},
        {"*", "a/b/c", true},
    };
    for (const auto& row : rows)
        EXPECT_EQ(glob_of({"none", row.glob}, row.path) != nullptr, row.covers)
            << row.glob << " " << row.path;
    EXPECT_EQ(glob_of({}, "a"), nullptr);
    EXPECT_EQ(glob_of({".github/workflows/**"}, ".github"), nullptr);
    for (const char* link : {".github", ".github/workflows", ".github/workflows/x"})
        EXPECT_NE(glob_of({".github/workflows/**"}, link, true), nullptr) << link;
    EXPECT_EQ(glob_of({".github/workflows/**"}, "docs", true), nullptr);
}

TEST(Globs, ManyStarsTakeNoForever) {
    std::string glob;
    for (int i = 0; i < 40; ++i)
        glob += "*a";
    EXPECT_FALSE(matches(glob, std::string(4000, 'a') + "b"));
}

TEST(Updates, AreReadStrictly) {
    const auto update = read_update(kOne + ' ' + kTwo + " refs/heads/x");
    ASSERT_TRUE(update);
    EXPECT_EQ(update->ref, "refs/heads/x");
    EXPECT_FALSE(update->creates());
    for (const std::string& bad :
         {std::string(), kOne, kOne + ' ' + kTwo, "x " + kTwo + " refs/heads/x"})
        EXPECT_FALSE(read_update(bad)) << bad;
}

TEST(RefRules, DefaultsAreTheSafeOnes) {
    const Rules rules{"r", {}, false, false, {"refs/heads/own"}};
    EXPECT_FALSE(judge_ref(rules, {kOne, kTwo, "refs/heads/x"}));
    EXPECT_FALSE(judge_ref(rules, {kZero, kTwo, "refs/tags/x"}));
    EXPECT_EQ(judge_ref(rules, {kZero, kTwo, "refs/replace/x"})->rule, "ref_not_allowed");
    EXPECT_EQ(judge_ref(rules, {kOne, kZero, "refs/heads/own"})->rule, "delete_not_allowed");
    EXPECT_EQ(judge_rewrite(rules, {kOne, kTwo, "refs/heads/x"})->rule, "force_not_allowed");
    EXPECT_FALSE(judge_rewrite(rules, {kOne, kTwo, "refs/heads/own"}));
    EXPECT_FALSE(judge_rewrite({"r", {}, true, false, {}}, {kOne, kTwo, "refs/heads/x"}));
    EXPECT_FALSE(judge_ref({"r", {}, false, true, {}}, {kOne, kZero, "refs/heads/x"}));
}

TEST(RefRules, WithBranchesTagsMustBeNamed) {
    const Rules rules{"r", {"main", "refs/tags/v*"}, false, false, {}};
    EXPECT_FALSE(judge_ref(rules, {kOne, kTwo, "refs/heads/main"}));
    EXPECT_FALSE(judge_ref(rules, {kZero, kTwo, "refs/tags/v1"}));
    EXPECT_EQ(judge_ref(rules, {kZero, kTwo, "refs/tags/main"})->rule, "branch_not_allowed");
    EXPECT_EQ(judge_ref(rules, {kOne, kTwo, "refs/heads/v1"})->rule, "branch_not_allowed");
}

TEST(RawDiff, OneParentAndSeveral) {
    auto record = read_record(":100644 100755 " + kOne + ' ' + kTwo + " R087");
    ASSERT_TRUE(record);
    EXPECT_TRUE(record->renamed);
    EXPECT_EQ(record->file.mode, "100755");
    EXPECT_EQ(record->file.blob, kTwo);
    EXPECT_EQ(record->file.parents, std::vector<std::string>{kOne});
    record = read_record("::100644 000000 160000 " + kOne + ' ' + kZero + ' ' + kTwo + " RA");
    ASSERT_TRUE(record);
    EXPECT_FALSE(record->renamed);
    EXPECT_TRUE(record->file.submodule());
    EXPECT_EQ(record->file.parents, std::vector<std::string>{kOne});
    record = read_record(":100644 000000 " + kOne + ' ' + kZero + " D");
    ASSERT_TRUE(record);
    EXPECT_TRUE(record->file.deleted());
    for (const std::string& bad :
         {std::string(), std::string(":"), ":100644 100644 " + kOne,
          "100644 100644 " + kOne + ' ' + kTwo + " M", ":100644 100644 " + kOne + " x M",
          ":1 2 " + kOne + ' ' + kTwo + " M"})
        EXPECT_FALSE(read_record(bad)) << bad;
}

TEST(AddedLines, AreThoseThatNoParentHas) {
    const AddedLines added = added_lines("one\nnew\ntwo\nlast", {"one\nthree\n", "two\n"});
    EXPECT_EQ(added.text, "new\nlast\n");
    EXPECT_EQ(added.line_at(0), 2u);
    EXPECT_EQ(added.line_at(3), 2u);
    EXPECT_EQ(added.line_at(4), 4u);
    EXPECT_TRUE(added_lines("a\nb\n", {"b\na\n"}).text.empty());
    EXPECT_EQ(added_lines("a", {}).text, "a\n");
    EXPECT_TRUE(is_binary(std::string_view("a\0b", 3)));
    EXPECT_FALSE(is_binary("text"));
}

}  // namespace
}  // namespace botbottle::git_hook
