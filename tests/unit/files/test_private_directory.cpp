#include <gtest/gtest.h>
#include <unistd.h>

#include "files/private_directory.h"
#include "temporary_directory.h"

namespace botbottle::files {
namespace {

TEST(PrivateDirectory, CreatesWhatIsMissingClosedToOthers) {
    TemporaryDirectory directory;
    ASSERT_TRUE(make_private_directory(directory / "a/b/c"));
    for (const char* made : {"a", "a/b", "a/b/c"})
        EXPECT_EQ(status_of(directory / made).st_mode & 07777, 0700u) << made;
    EXPECT_TRUE(make_private_directory(directory / "a/b/c")) << "a second time is fine";
}

TEST(PrivateDirectory, NarrowsAWiderModeOfOurOwn) {
    TemporaryDirectory directory;
    const std::string wide = directory.directory("wide");
    ASSERT_EQ(chmod(wide.c_str(), 0775), 0);
    ASSERT_TRUE(make_private_directory(wide));
    EXPECT_EQ(status_of(wide).st_mode & 07777, 0700u);
}

TEST(PrivateDirectory, RefusesWhatEverybodyCouldWriteAndLeavesItAsItIs) {
    TemporaryDirectory directory;
    const std::string shared = directory.directory("shared");
    for (const mode_t mode : {01777u, 0777u, 0702u}) {
        ASSERT_EQ(chmod(shared.c_str(), mode), 0);
        EXPECT_EQ(make_private_directory(shared).error().code, "unsafe_directory");
        EXPECT_EQ(status_of(shared).st_mode & 07777, mode);
    }
}

TEST(PrivateDirectory, RefusesSymlinksAndFiles) {
    TemporaryDirectory directory;
    directory.directory("real");
    directory.file("file");
    ASSERT_EQ(symlink("real", (directory / "link").c_str()), 0);
    for (const char* squatted : {"link", "file"})
        EXPECT_EQ(make_private_directory(directory / squatted).error().code, "unsafe_directory")
            << squatted;
}

TEST(PrivateDirectory, RefusesOneOfAnotherUser) {
    if (geteuid() != 0)
        GTEST_SKIP() << "only root can make a directory that belongs to another user";
    TemporaryDirectory directory;
    const std::string squatted = directory.directory("squatted");
    ASSERT_EQ(chown(squatted.c_str(), 4711, 4711), 0);
    const auto made = make_private_directory(squatted);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, "unsafe_directory");
    EXPECT_NE(made.error().message.find("4711"), std::string::npos);
}

}  // namespace
}  // namespace botbottle::files
