#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "files/atomic_file.h"
#include "temporary_directory.h"

namespace botbottle::files {
namespace {

std::size_t entries_in(const std::string& path) {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(path))
        count += entry.exists() ? 1 : 0;
    return count;
}

TEST(AtomicFile, ReplacesContentAndModeAndLeavesNothingBeside) {
    TemporaryDirectory directory;
    const std::string path = directory.file("state", "old", 0644);
    for (const auto durability : {Durability::kSurvivesPowerLoss, Durability::kSurvivesProcess}) {
        ASSERT_TRUE(write_atomically(path, "new", {0600, durability}));
        EXPECT_EQ(slurp(path), "new");
        EXPECT_EQ(status_of(path).st_mode & 07777, 0600u);
        EXPECT_EQ(entries_in(directory.path()), 1u);
    }
}

TEST(AtomicFile, ModeIsExactWhateverTheUmask) {
    TemporaryDirectory directory;
    const mode_t before = umask(0077);
    EXPECT_TRUE(write_atomically(directory / "script", "#!", {0755, Durability::kSurvivesProcess}));
    umask(before);
    EXPECT_EQ(status_of(directory / "script").st_mode & 07777, 0755u);
}

TEST(AtomicFile, ReplacesASymlinkInsteadOfFollowingIt) {
    TemporaryDirectory directory;
    const std::string victim = directory.file("victim", "precious");
    ASSERT_EQ(symlink(victim.c_str(), (directory / "state").c_str()), 0);
    ASSERT_TRUE(write_atomically(directory / "state", "new"));
    EXPECT_EQ(slurp(victim), "precious");
    EXPECT_TRUE(S_ISREG(status_of(directory / "state").st_mode));
}

TEST(AtomicFile, FailureKeepsTheOldContentAndNamesThePath) {
    TemporaryDirectory directory;
    // A directory cannot be replaced by a file.
    directory.file("state/inside", "kept");
    const auto written = write_atomically(directory / "state", "new");
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().code, "cannot_write");
    EXPECT_NE(written.error().message.find(directory / "state"), std::string::npos);
    EXPECT_EQ(slurp(directory / "state/inside"), "kept");
    EXPECT_EQ(entries_in(directory.path()), 1u);
}

TEST(AtomicFile, ReadRefusesWhatIsNoFileAndWhatIsTooLarge) {
    TemporaryDirectory directory;
    directory.file("five", "12345");
    EXPECT_EQ(read_file(directory / "five", 5).value(), "12345");
    EXPECT_EQ(read_file(directory / "five", 4).error().code, "file_too_large");
    EXPECT_EQ(read_file(directory / "none").error().code, "not_found");
    ASSERT_EQ(mkfifo((directory / "fifo").c_str(), 0600), 0);
    EXPECT_EQ(read_file(directory / "fifo").error().code, "not_a_file");
    EXPECT_EQ(read_file(directory.path()).error().code, "not_a_file");
}

}  // namespace
}  // namespace botbottle::files
