#include <gtest/gtest.h>

#include "files/ignore_patterns.h"

namespace botbottle::files {
namespace {

struct Row {
    std::vector<std::string> lines;
    std::string path;
    bool directory;
    bool excluded;
};

// The expectations are those of `git check-ignore`.
const Row kRows[] = {
    {{"node_modules"}, "node_modules", true, true},
    {{"node_modules"}, "web/node_modules", true, true},
    {{"node_modules"}, "node_modules2", true, false},
    {{"build/"}, "build", true, true},
    {{"build/"}, "build", false, false},
    {{"/build"}, "build", true, true},
    {{"/build"}, "sub/build", true, false},
    {{"a/b"}, "a/b", false, true},
    {{"a/b"}, "x/a/b", false, false},
    {{"*.o"}, "deep/down/x.o", false, true},
    {{"*.o"}, ".o", false, true},
    {{"*.o"}, "x.ob", false, false},
    {{"a/*"}, "a/b", false, true},
    {{"a/*"}, "a/b/c", false, false},
    {{"**/cache"}, "cache", true, true},
    {{"**/cache"}, "x/y/cache", true, true},
    {{"logs/**"}, "logs/a/b", false, true},
    {{"a/**/z"}, "a/z", false, true},
    {{"a/**/z"}, "a/b/c/z", false, true},
    {{"a/**/z"}, "a/bz", false, false},
    {{"?at"}, "cat", false, true},
    {{"?at"}, "at", false, false},
    {{"[a-c]at"}, "bat", false, true},
    {{"[!a-c]at"}, "bat", false, false},
    {{"[]]x"}, "]x", false, true},
    {{"[x"}, "[x", false, true},
    {{"*.log", "!keep.log"}, "keep.log", false, false},
    {{"!keep.log", "*.log"}, "keep.log", false, true},
    {{"# comment"}, "# comment", false, false},
    {{"\\# name"}, "# name", false, true},
    {{"\\*"}, "*", false, true},
    {{"\\*"}, "x", false, false},
    {{"", "   ", "/"}, "anything", false, false},
    {{"a\nb"}, "a\nb", false, true},
    {{"trailing   "}, "trailing", false, true},
    {{".git/hooks"}, ".git/hooks", true, true},
};

TEST(IgnorePatterns, DecidesAsGitDoes) {
    for (const Row& row : kRows) {
        EXPECT_EQ(IgnorePatterns(row.lines).excludes(row.path, row.directory), row.excluded)
            << (row.lines.empty() ? "" : row.lines[0]) << " against " << row.path;
    }
}

}  // namespace
}  // namespace botbottle::files
