#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "files/tree_copy.h"
#include "temporary_directory.h"

namespace botbottle::files {
namespace {

class TreeCopy : public ::testing::Test {
  protected:
    CopySummary copy(const CopyOptions& options = {}) {
        auto summary = copy_tree(source_.path(), target_.path(), options);
        EXPECT_TRUE(summary) << (summary ? "" : summary.error().message);
        return summary ? *summary : CopySummary{};
    }

    TemporaryDirectory source_;
    TemporaryDirectory target_;
};

TEST_F(TreeCopy, KeepsContentModesAndTimes) {
    source_.file("deep/down/script", "#!/bin/sh\n", 0755);
    source_.file("secret", std::string(3'000'000, 'x'), 0600);
    source_.file("empty", "");
    const struct timespec old[2] = {{1'000'000'000, 5}, {1'000'000'000, 5}};
    ASSERT_EQ(utimensat(AT_FDCWD, (source_ / "secret").c_str(), old, 0), 0);
    const CopySummary summary = copy();
    EXPECT_EQ(slurp(target_ / "deep/down/script"), "#!/bin/sh\n");
    EXPECT_EQ(status_of(target_ / "deep/down/script").st_mode & 07777, 0755u);
    EXPECT_EQ(status_of(target_ / "secret").st_mode & 07777, 0600u);
    EXPECT_EQ(status_of(target_ / "secret").st_size, 3'000'000);
    EXPECT_EQ(status_of(target_ / "secret").st_mtim.tv_sec, 1'000'000'000);
    EXPECT_EQ(summary.copied.files, 3u);
    EXPECT_EQ(summary.copied.bytes, 3'000'010u);
    EXPECT_TRUE(summary.skipped.empty());
}

TEST_F(TreeCopy, KeepsHolesEmpty) {
    constexpr off_t kSize = 64 * 1024 * 1024;
    source_.file("holed", "begin");
    source_.file("hole", "");
    source_.file("full", std::string(200'000, 'x'));
    const int holed = open((source_ / "holed").c_str(), O_WRONLY);
    ASSERT_EQ(pwrite(holed, "middle", 6, kSize / 2), 6);
    ASSERT_EQ(ftruncate(holed, kSize), 0);
    close(holed);
    ASSERT_EQ(truncate((source_ / "hole").c_str(), kSize), 0);
    ASSERT_LT(status_of(source_ / "holed").st_blocks, 1024) << "this filesystem has no holes";
    copy();
    for (const char* const name : {"holed", "hole", "full"})
        EXPECT_EQ(slurp(target_ / name), slurp(source_ / name)) << name;
    for (const char* const name : {"holed", "hole"})
        EXPECT_LT(status_of(target_ / name).st_blocks, 1024) << name;
}

TEST_F(TreeCopy, CopiesSymlinksAsTheyAreWhereverTheyPoint) {
    TemporaryDirectory outside;
    outside.file("precious/file", "precious");
    ASSERT_EQ(symlink((outside / "precious").c_str(), (source_ / "away").c_str()), 0);
    ASSERT_EQ(symlink("../../../etc/passwd", (source_ / "up").c_str()), 0);
    ASSERT_EQ(symlink("loop", (source_ / "loop").c_str()), 0);
    copy();
    for (const char* link : {"away", "up", "loop"})
        EXPECT_TRUE(S_ISLNK(status_of(target_ / link).st_mode)) << link;
    char pointed[64] = {};
    EXPECT_GT(readlink((target_ / "up").c_str(), pointed, sizeof pointed - 1), 0);
    EXPECT_STREQ(pointed, "../../../etc/passwd");
}

TEST_F(TreeCopy, LeavesOutFifosSocketsAndDevicesAndSaysSo) {
    source_.file("kept", "k");
    ASSERT_EQ(mkfifo((source_ / "fifo").c_str(), 0600), 0);
    const int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    struct sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    (source_ / "socket").copy(address.sun_path, sizeof address.sun_path - 1);
    ASSERT_EQ(bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    const CopySummary summary = copy();
    close(listener);
    ASSERT_EQ(summary.skipped.size(), 2u);
    EXPECT_EQ(summary.skipped[0].path, "fifo");
    EXPECT_EQ(summary.skipped[0].reason, "is a FIFO");
    EXPECT_EQ(summary.skipped[1].path, "socket");
    EXPECT_FALSE(exists(target_ / "fifo"));
    EXPECT_TRUE(exists(target_ / "kept"));
}

TEST_F(TreeCopy, DropsSetuidAndSetgid) {
    source_.file("tool", "x", 06755);
    const std::string directory = source_.directory("shared");
    ASSERT_EQ(chmod(directory.c_str(), 02775), 0);
    copy();
    EXPECT_EQ(status_of(target_ / "tool").st_mode & 07777, 0755u);
    EXPECT_EQ(status_of(target_ / "shared").st_mode & 07777, 0775u);
}

TEST_F(TreeCopy, FillsDirectoriesThatForbidWriting) {
    source_.file("sealed/file", "x", 0444);
    ASSERT_EQ(chmod((source_ / "sealed").c_str(), 0555), 0);
    copy();
    EXPECT_EQ(slurp(target_ / "sealed/file"), "x");
    EXPECT_EQ(status_of(target_ / "sealed").st_mode & 07777, 0555u);
}

TEST_F(TreeCopy, HandlesAnyNameAndHardLinks) {
    source_.file("new\nline", "1");
    source_.file("\xff\xfe", "2");
    source_.file("first", "linked");
    ASSERT_EQ(link((source_ / "first").c_str(), (source_ / "second").c_str()), 0);
    copy();
    EXPECT_EQ(slurp(target_ / "new\nline"), "1");
    EXPECT_EQ(slurp(target_ / "\xff\xfe"), "2");
    EXPECT_EQ(slurp(target_ / "second"), "linked");
}

TEST_F(TreeCopy, LeavesOutWhatIsExcluded) {
    source_.file("node_modules/x/index.js", "x");
    source_.file("src/a.o", "x");
    source_.file("src/a.c", "x");
    CopyOptions options;
    options.exclude = IgnorePatterns({"node_modules/", "*.o"});
    const CopySummary summary = copy(options);
    EXPECT_FALSE(exists(target_ / "node_modules"));
    EXPECT_FALSE(exists(target_ / "src/a.o"));
    EXPECT_TRUE(exists(target_ / "src/a.c"));
    EXPECT_TRUE(summary.skipped.empty()) << "what was asked for is no news";
}

TEST_F(TreeCopy, NeverEntersItselfOrABarredDirectory) {
    source_.file("home/.bot-bottle/state/x", "secret state");
    source_.file("home/file", "f");
    const std::string inside = source_.directory("copies/one");
    CopyOptions options;
    options.never_enter = {source_ / "home/.bot-bottle"};
    const auto summary = copy_tree(source_.path(), inside, options);
    ASSERT_TRUE(summary);
    EXPECT_TRUE(exists(inside + "/home/file"));
    EXPECT_FALSE(exists(inside + "/home/.bot-bottle"));
    EXPECT_FALSE(exists(inside + "/copies/one"));
    EXPECT_EQ(summary->skipped.size(), 2u);
}

TEST_F(TreeCopy, NotesWhatCannotBeReadAndGoesOn) {
    if (geteuid() == 0) GTEST_SKIP() << "root can read everything";
    source_.file("closed", "x", 0000);
    source_.file("open", "x");
    const CopySummary summary = copy();
    ASSERT_EQ(summary.skipped.size(), 1u);
    EXPECT_EQ(summary.skipped[0].path, "closed");
    EXPECT_TRUE(exists(target_ / "open"));
}

TEST_F(TreeCopy, GivesEverythingToTheOwner) {
    if (geteuid() != 0) GTEST_SKIP() << "only root can give files away";
    source_.file("tool", "x", 0755);
    ASSERT_EQ(symlink("tool", (source_ / "link").c_str()), 0);
    source_.directory("folder");
    CopyOptions options;
    options.owner = Owner{4711, 4712};
    copy(options);
    for (const char* entry : {"tool", "link", "folder"}) {
        EXPECT_EQ(status_of(target_ / entry).st_uid, 4711u) << entry;
        EXPECT_EQ(status_of(target_ / entry).st_gid, 4712u) << entry;
    }
    EXPECT_EQ(status_of(target_ / "tool").st_mode & 07777, 0755u);
}

TEST_F(TreeCopy, ReportsProgressAndStopsWhenTold) {
    for (int i = 0; i < 600; ++i)
        source_.file("f" + std::to_string(i), "x");
    CopyOptions options;
    std::uint64_t seen = 0;
    options.progress = [&](const CopyProgress& progress) {
        seen = progress.files;
        return progress.files < 500;
    };
    const auto summary = copy_tree(source_.path(), target_.path(), options);
    ASSERT_FALSE(summary);
    EXPECT_EQ(summary.error().code, "cancelled");
    EXPECT_EQ(seen, 512u);
}

TEST_F(TreeCopy, RefusesADestinationThatIsASymlink) {
    source_.file("x", "x");
    TemporaryDirectory elsewhere;
    ASSERT_EQ(symlink(elsewhere.path().c_str(), (target_ / "link").c_str()), 0);
    EXPECT_FALSE(copy_tree(source_.path(), target_ / "link", {}));
    EXPECT_FALSE(exists(elsewhere / "x"));
}

}  // namespace
}  // namespace botbottle::files
