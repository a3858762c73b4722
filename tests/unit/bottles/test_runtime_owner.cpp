#include <gtest/gtest.h>
#include <sys/stat.h>

#include <QDir>
#include <cstdlib>

#include "bottles/runtime_owner.h"
#include "scratch.h"

namespace botbottle {
namespace {

class RuntimeOwner : public ::testing::Test {
  protected:
    void SetUp() override {
        ASSERT_TRUE(QDir().mkpath(scratch_ / "run"));
        ASSERT_EQ(chmod((scratch_ / "run").toLocal8Bit().constData(), 0700), 0);
        setenv("XDG_RUNTIME_DIR", (scratch_ / "run").toLocal8Bit().constData(), 1);
    }
    void TearDown() override {
        unsetenv("XDG_RUNTIME_DIR");
        unsetenv("BOT_BOTTLE_HOME");
    }

    Home home(const char* name) {
        setenv("BOT_BOTTLE_HOME", (scratch_ / name).toLocal8Bit().constData(), 1);
        return Home::locate().value();
    }

    // As a launch leaves them.
    void start(const Home& home, const QString& identity) {
        ASSERT_TRUE(QDir().mkpath(home.state(identity)));
        const QString runtime = scratch_ / "run/botbottle/" + identity;
        ASSERT_TRUE(QDir().mkpath(runtime));
        ASSERT_TRUE(sign_runtime_directory(runtime, home.state(identity)));
    }

    Scratch scratch_;
};

TEST_F(RuntimeOwner, IsTheHomeThatHasTheState) {
    const Home mine = home("mine");
    const Home other = home("other");
    start(mine, QStringLiteral("a-11111"));
    start(other, QStringLiteral("b-22222"));
    start(other, QStringLiteral("c-33333"));
    ASSERT_TRUE(QDir(other.state(QStringLiteral("c-33333"))).removeRecursively());
    ASSERT_TRUE(QDir().mkpath(scratch_ / "run/botbottle/d-44444"));
    EXPECT_EQ(bottles_of_other_homes(mine), std::set{QStringLiteral("b-22222")})
        << "neither what has lost its state nor what nobody signed";
    EXPECT_EQ(bottles_of_other_homes(other), std::set{QStringLiteral("a-11111")});
}

TEST_F(RuntimeOwner, IsTheSameByEveryPathThatLeadsThere) {
    const Home mine = home("mine");
    start(mine, QStringLiteral("a-11111"));
    ASSERT_EQ(symlink("mine", (scratch_ / "link").toLocal8Bit().constData()), 0);
    EXPECT_TRUE(bottles_of_other_homes(home("link/")).empty());
}

TEST_F(RuntimeOwner, WithoutARuntimeRootThereAreNone) {
    EXPECT_TRUE(bottles_of_other_homes(home("mine")).empty());
}

}  // namespace
}  // namespace botbottle
