// The walk to a file that will be run: every component is judged, links included.
#include "plugins/trusted_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <QTemporaryDir>
#include <filesystem>
#include <fstream>

namespace botbottle {
namespace {

namespace fs = std::filesystem;

class TrustedFile : public ::testing::Test {
  protected:
    TrustedFile() : root_(temporary_.path().toStdString()) {}

    std::string make(const std::string& name, mode_t mode = 0755) const {
        const std::string path = root_ + "/" + name;
        fs::create_directories(path);
        chmod(path.c_str(), mode);
        return path;
    }
    std::string code(const std::string& path, uid_t user = geteuid()) const {
        const auto directory = open_trusted_directory(path, user);
        return directory ? "" : directory.error().code;
    }

    QTemporaryDir temporary_;
    std::string root_;
};

TEST_F(TrustedFile, OpensTheDirectoryThatItWalkedTo) {
    const std::string path = make("a/b");
    std::ofstream(path + "/file") << "content";
    for (const std::string& spelling : {path, path + "/", root_ + "//a/./b", root_ + "/a/b/../b"}) {
        const auto directory = open_trusted_directory(spelling, geteuid());
        ASSERT_TRUE(directory) << spelling << ": " << directory.error().message;
        EXPECT_TRUE(open_trusted_file(*directory, "file", spelling, geteuid())) << spelling;
    }
}

TEST_F(TrustedFile, SaysWhatIsMissing) {
    EXPECT_EQ(code(root_ + "/none"), "directory_missing");
    EXPECT_EQ(code("relative/path"), "directory_unreadable");
    EXPECT_EQ(code(""), "directory_unreadable");
    std::ofstream(root_ + "/file") << "x";
    EXPECT_EQ(code(root_ + "/file"), "directory_missing");
    EXPECT_EQ(code(root_ + "/file/below"), "directory_missing");
}

TEST_F(TrustedFile, FollowsLinksOfTheUser) {
    make("real/plugins");
    fs::create_directory_symlink(root_ + "/real", root_ + "/absolute");
    fs::create_directory_symlink("real", root_ + "/relative");
    fs::create_directory_symlink("../real/plugins", root_ + "/real/up");
    EXPECT_EQ(code(root_ + "/absolute/plugins"), "");
    EXPECT_EQ(code(root_ + "/relative/plugins"), "");
    EXPECT_EQ(code(root_ + "/relative/up"), "");
}

TEST_F(TrustedFile, JudgesWhereALinkLeadsAndWhereItLies) {
    make("safe/plugins");
    make("open", 0777);
    make("open/plugins");
    fs::create_directory_symlink(root_ + "/open/plugins", root_ + "/into-open");
    EXPECT_EQ(code(root_ + "/into-open"), "directory_writable");
    // Whoever can write the directory of a link decides where it leads.
    fs::create_directory_symlink(root_ + "/safe/plugins", root_ + "/open/link");
    EXPECT_EQ(code(root_ + "/open/link"), "directory_writable");
}

TEST_F(TrustedFile, LoopsEnd) {
    fs::create_directory_symlink("b", root_ + "/a");
    fs::create_directory_symlink("a", root_ + "/b");
    EXPECT_EQ(code(root_ + "/a"), "directory_unreadable");
}

TEST_F(TrustedFile, ForeignMeansNeitherRootNorTheUser) {
    const std::string path = make("plugins");
    std::ofstream(path + "/file") << "x";
    chmod((path + "/file").c_str(), 0644);
    const auto directory = open_trusted_directory(path, geteuid());
    ASSERT_TRUE(directory);
    if (geteuid() == 0) {
        // What belongs to root is fine for everybody.
        EXPECT_EQ(code(path, 64123), "");
        EXPECT_TRUE(open_trusted_file(*directory, "file", path, 64123));
    } else {
        EXPECT_EQ(code(path, geteuid() + 1), "directory_foreign");
        const auto file = open_trusted_file(*directory, "file", path, geteuid() + 1);
        EXPECT_EQ(file.error().code, "file_foreign");
    }
}

TEST_F(TrustedFile, AForeignLinkIsRefused) {
    if (geteuid() != 0) GTEST_SKIP() << "only root can give links away";
    make("safe");
    fs::create_directory_symlink(root_ + "/safe", root_ + "/link");
    ASSERT_EQ(lchown((root_ + "/link").c_str(), 64123, 64123), 0);
    EXPECT_EQ(code(root_ + "/link"), "directory_foreign");
}

}  // namespace
}  // namespace botbottle
