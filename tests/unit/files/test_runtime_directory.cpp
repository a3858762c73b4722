#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>

#include "files/runtime_directory.h"
#include "temporary_directory.h"

namespace botbottle::files {
namespace {

class RuntimeDirectory : public ::testing::Test {
  protected:
    void SetUp() override { unsetenv("XDG_RUNTIME_DIR"); }
    void TearDown() override { unsetenv("XDG_RUNTIME_DIR"); }

    TemporaryDirectory session_;
    const std::string fallback_ = "/tmp/botbottle-" + std::to_string(geteuid());
};

TEST_F(RuntimeDirectory, IsBelowTheSessionsDirectory) {
    ASSERT_EQ(chmod(session_.path().c_str(), 0700), 0);
    setenv("XDG_RUNTIME_DIR", session_.path().c_str(), 1);
    ASSERT_EQ(runtime_root(), session_ / "botbottle");
    EXPECT_EQ(make_runtime_directory("a-12345").value(), session_ / "botbottle/a-12345");
    EXPECT_EQ(status_of(session_ / "botbottle").st_mode & 07777, 0700u);
}

TEST_F(RuntimeDirectory, RefusesASquattedRoot) {
    setenv("XDG_RUNTIME_DIR", session_.path().c_str(), 1);
    session_.directory("elsewhere");
    ASSERT_EQ(symlink("elsewhere", (session_ / "botbottle").c_str()), 0);
    EXPECT_EQ(make_runtime_directory("a-12345").error().code, "unsafe_directory");
    EXPECT_FALSE(exists(session_ / "elsewhere/a-12345"));
}

TEST_F(RuntimeDirectory, FallsBackWhenTheSessionsDirectoryIsUnfit) {
    EXPECT_EQ(runtime_root(), fallback_) << "unset";
    setenv("XDG_RUNTIME_DIR", "relative", 1);
    EXPECT_EQ(runtime_root(), fallback_);
    ASSERT_EQ(chmod(session_.path().c_str(), 0777), 0);
    setenv("XDG_RUNTIME_DIR", session_.path().c_str(), 1);
    EXPECT_EQ(runtime_root(), fallback_) << "others can write to it";
    const std::string deep = session_.directory(std::string(60, 'x'));
    setenv("XDG_RUNTIME_DIR", deep.c_str(), 1);
    EXPECT_EQ(runtime_root(), fallback_) << "too long for a socket's path";
}

}  // namespace
}  // namespace botbottle::files
