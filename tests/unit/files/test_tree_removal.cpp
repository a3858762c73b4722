#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "files/directory_reader.h"
#include "files/tree_removal.h"
#include "temporary_directory.h"

namespace botbottle::files {
namespace {

TEST(TreeRemoval, RemovesFilesLinksAndClosedDirectories) {
    TemporaryDirectory directory;
    TemporaryDirectory outside;
    outside.file("precious", "p");
    directory.file("tree/a/b/file", "x", 0000);
    ASSERT_EQ(symlink(outside.path().c_str(), (directory / "tree/link").c_str()), 0);
    directory.file("tree/closed/file", "x");
    ASSERT_EQ(chmod((directory / "tree/closed").c_str(), 0000), 0);
    ASSERT_EQ(chmod((directory / "tree").c_str(), 0500), 0);
    ASSERT_TRUE(remove_tree(directory / "tree"));
    EXPECT_FALSE(exists(directory / "tree"));
    EXPECT_TRUE(exists(outside / "precious"));
}

TEST(TreeRemoval, WhatIsNotThereIsNoError) {
    TemporaryDirectory directory;
    EXPECT_TRUE(remove_tree(directory / "nothing"));
}

TEST(TreeRemoval, ASymlinkItselfGoesNotItsTarget) {
    TemporaryDirectory directory;
    directory.file("real/file", "x");
    ASSERT_EQ(symlink("real", (directory / "link").c_str()), 0);
    ASSERT_TRUE(remove_tree(directory / "link"));
    EXPECT_FALSE(exists(directory / "link"));
    EXPECT_TRUE(exists(directory / "real/file"));
}

// What a removal does when a directory that it was about to open up became a link.
TEST(TreeRemoval, OpensUpDirectoriesAndNothingThatLinksLeadTo) {
    TemporaryDirectory directory;
    directory.file("closed/file", "x");
    directory.file("elsewhere/file", "x");
    ASSERT_EQ(chmod((directory / "closed").c_str(), 0000), 0);
    ASSERT_EQ(chmod((directory / "elsewhere").c_str(), 0710), 0);
    ASSERT_EQ(symlink("elsewhere", (directory / "link").c_str()), 0);
    const UniqueFd parent = open_directory_at(AT_FDCWD, directory.path().c_str());
    const UniqueFd opened = open_closed_directory_at(parent.get(), "closed");
    ASSERT_TRUE(opened);
    EXPECT_EQ(names_in(opened.get()), std::vector<std::string>{"file"});
    EXPECT_FALSE(open_closed_directory_at(parent.get(), "link"));
    EXPECT_FALSE(open_closed_directory_at(parent.get(), "elsewhere/file"));
    EXPECT_EQ(status_of(directory / "elsewhere").st_mode & 07777, 0710u);
}

TEST(TreeRemoval, CopesWithAnyDepth) {
    TemporaryDirectory directory;
    directory.directory("tree");
    int at = open((directory / "tree").c_str(), O_RDONLY | O_DIRECTORY);
    // Far deeper than paths, descriptors or the stack would allow.
    for (int i = 0; i < 3000; ++i) {
        ASSERT_EQ(mkdirat(at, "d", 0700), 0);
        const int next = openat(at, "d", O_RDONLY | O_DIRECTORY);
        ASSERT_GE(next, 0);
        close(at);
        at = next;
    }
    close(at);
    ASSERT_TRUE(remove_tree(directory / "tree"));
    EXPECT_FALSE(exists(directory / "tree"));
}

}  // namespace
}  // namespace botbottle::files
