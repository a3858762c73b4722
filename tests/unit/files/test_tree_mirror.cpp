#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files/tree_mirror.h"
#include "files/tree_snapshot.h"
#include "temporary_directory.h"

namespace botbottle::files {
namespace {

// `copy_` was made of the workspace when its bottle began; `out_` is what came out of the bottle.
class TreeMirrorTest : public ::testing::Test {
  protected:
    void SetUp() override {
        for (const TemporaryDirectory* tree : {&copy_, &out_}) {
            tree->file("same", "the same");
            tree->file("changed", "before");
            tree->file("as-long", "AAAA");
            tree->file("gone", "gone");
            tree->file("script", "#!/bin/sh\n", 0644);
            tree->file("dir/inner", "inner");
            ASSERT_EQ(symlink("same", (*tree / "link").c_str()), 0);
        }
        before_ = TreeSnapshot::take(copy_.path()).value();
    }

    // "A path", "M path" and "D path", as a snapshot sees them.
    std::string changes() const {
        std::string text;
        for (const TreeChange& change : before_.list_changes(*TreeSnapshot::take(copy_.path()))) {
            const char* letters = "ADM";
            const auto at = change.kind == TreeChange::Kind::Added     ? 0
                            : change.kind == TreeChange::Kind::Removed ? 1
                                                                       : 2;
            text += std::string(1, letters[at]) + ' ' + change.path + '\n';
        }
        return text;
    }

    void mirror(const std::set<std::string>& keep = {}) {
        const auto done = mirror_tree(out_.path(), copy_.path(), keep);
        ASSERT_TRUE(done) << done.error().message;
    }

    TemporaryDirectory copy_;
    TemporaryDirectory out_;
    TreeSnapshot before_;
};

TEST_F(TreeMirrorTest, WhatWasLeftAloneIsLeftAlone) {
    mirror();
    EXPECT_EQ(changes(), "");
}

TEST_F(TreeMirrorTest, OnlyWhatDiffersIsTouched) {
    out_.file("changed", "after, and longer");
    out_.file("as-long", "BBBB");
    out_.file("new/deep/file", "new", 0755);
    ASSERT_EQ(chmod((out_ / "script").c_str(), 0755), 0);
    ASSERT_EQ(unlink((out_ / "gone").c_str()), 0);
    ASSERT_EQ(unlink((out_ / "link").c_str()), 0);
    ASSERT_EQ(symlink("changed", (out_ / "link").c_str()), 0);
    mirror();
    const std::string expected =
        "M as-long\nM changed\nD gone\nM link\nA new\nA new/deep\nA new/deep/file\nM script\n";
    EXPECT_EQ(changes(), expected);
    EXPECT_EQ(slurp(copy_ / "changed"), "after, and longer");
    EXPECT_EQ(slurp(copy_ / "as-long"), "BBBB");
    EXPECT_EQ(slurp(copy_ / "new/deep/file"), "new");
    EXPECT_EQ(status_of(copy_ / "new/deep/file").st_mode & 07777, 0755u);
    const auto once = TreeSnapshot::take(copy_.path()).value();
    mirror();
    EXPECT_TRUE(once.changes_to(*TreeSnapshot::take(copy_.path())).empty()) << "a second time";
}

TEST_F(TreeMirrorTest, OneKindTakesThePlaceOfAnother) {
    ASSERT_EQ(unlink((out_ / "same").c_str()), 0);
    out_.file("same/file", "a directory now");
    ASSERT_EQ(unlink((out_ / "dir/inner").c_str()), 0);
    ASSERT_EQ(rmdir((out_ / "dir").c_str()), 0);
    ASSERT_EQ(symlink("/", (out_ / "dir").c_str()), 0);
    mirror();
    EXPECT_EQ(slurp(copy_ / "same/file"), "a directory now");
    EXPECT_TRUE(S_ISLNK(status_of(copy_ / "dir").st_mode));
}

// A backend leaves out links that lead elsewhere; that does not mean that the agent removed them.
TEST_F(TreeMirrorTest, WhatDidNotComeOutStays) {
    ASSERT_EQ(unlink((out_ / "link").c_str()), 0);
    ASSERT_EQ(unlink((out_ / "dir/inner").c_str()), 0);
    ASSERT_EQ(rmdir((out_ / "dir").c_str()), 0);
    copy_.file("dir-beside", "not kept by its name's beginning");
    mirror({"link", "dir/inner"});
    EXPECT_EQ(changes(), "");
    EXPECT_FALSE(exists(copy_ / "dir-beside"));
}

TEST_F(TreeMirrorTest, NoLinkIsFollowed) {
    TemporaryDirectory outside;
    outside.file("inner", "precious");
    ASSERT_EQ(unlink((copy_ / "dir/inner").c_str()), 0);
    ASSERT_EQ(rmdir((copy_ / "dir").c_str()), 0);
    ASSERT_EQ(symlink(outside.path().c_str(), (copy_ / "dir").c_str()), 0);
    ASSERT_EQ(unlink((copy_ / "same").c_str()), 0);
    ASSERT_EQ(symlink((outside / "inner").c_str(), (copy_ / "same").c_str()), 0);
    mirror();
    EXPECT_EQ(slurp(outside / "inner"), "precious");
    EXPECT_EQ(slurp(copy_ / "dir/inner"), "inner");
    EXPECT_TRUE(S_ISREG(status_of(copy_ / "same").st_mode));
}

TEST_F(TreeMirrorTest, ClosedDirectoriesAndSpecialFilesAreNoObstacle) {
    out_.file("closed/file", "in there");
    copy_.file("closed/file", "before");
    ASSERT_EQ(mkfifo((out_ / "fifo").c_str(), 0600), 0);
    out_.file("setuid", "x");
    ASSERT_EQ(chmod((out_ / "setuid").c_str(), 04755), 0);
    ASSERT_EQ(chmod((out_ / "closed").c_str(), 0), 0);
    ASSERT_EQ(chmod((copy_ / "closed").c_str(), 0), 0);
    mirror();
    ASSERT_EQ(chmod((copy_ / "closed").c_str(), 0700), 0);
    EXPECT_EQ(slurp(copy_ / "closed/file"), "in there");
    EXPECT_FALSE(exists(copy_ / "fifo"));
    EXPECT_EQ(status_of(copy_ / "setuid").st_mode & 07777, 0755u);
}

TEST_F(TreeMirrorTest, WhatIsAbsentIsKeptWhenNobodyKnowsWhy) {
    out_.file("new", "n");
    copy_.file("only-here", "o");
    ASSERT_TRUE(mirror_tree(out_.path(), copy_.path(), {}, Absent::kKept));
    EXPECT_EQ(slurp(copy_ / "new"), "n");
    EXPECT_EQ(slurp(copy_ / "only-here"), "o");
    ASSERT_TRUE(mirror_tree(out_.path(), copy_.path()));
    EXPECT_FALSE(exists(copy_ / "only-here"));
}

TEST_F(TreeMirrorTest, AMissingSourceTakesNothingAway) {
    EXPECT_FALSE(mirror_tree(out_ / "nowhere", copy_.path()));
    EXPECT_EQ(changes(), "");
}

}  // namespace
}  // namespace botbottle::files
