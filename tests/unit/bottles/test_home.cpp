#include <gtest/gtest.h>
#include <unistd.h>

#include <QDir>
#include <cstdlib>

#include "bottles/home.h"
#include "scratch.h"

namespace botbottle {
namespace {

class HomeLocation : public ::testing::Test {
  protected:
    HomeLocation() : operators_(qgetenv("HOME")) {}
    void TearDown() override {
        qputenv("HOME", operators_);
        unsetenv("BOT_BOTTLE_HOME");
    }
    static QString with(const char* home, const char* override_home) {
        if (home != nullptr) setenv("HOME", home, 1);
        if (override_home != nullptr) setenv("BOT_BOTTLE_HOME", override_home, 1);
        const auto located = Home::locate();
        return located ? located->path() : QString::fromStdString(located.error().code);
    }

    const QByteArray operators_;
    Scratch scratch_;
};

TEST_F(HomeLocation, IsBelowTheOperatorsUnlessNamed) {
    EXPECT_EQ(with("/home/me", nullptr), QStringLiteral("/home/me/.bot-bottle"));
    EXPECT_EQ(with("/home/me/", ""), QStringLiteral("/home/me/.bot-bottle"));
    EXPECT_EQ(with("/home/me", "/srv/bottles/"), QStringLiteral("/srv/bottles"));
    EXPECT_EQ(with("/home/me", "/srv/x/../bottles/."), QStringLiteral("/srv/bottles"));
    EXPECT_EQ(with("/home/me", "relative"), QStringLiteral("bad_home"));
}

TEST_F(HomeLocation, OfASymlinkIsItsRealPlace) {
    ASSERT_TRUE(QDir().mkpath(scratch_ / "real"));
    ASSERT_EQ(symlink("real", (scratch_ / "link").toLocal8Bit().constData()), 0);
    const QString real = QDir(scratch_ / "real").canonicalPath();
    EXPECT_EQ(with("/", (scratch_ / "link").toLocal8Bit().constData()), real);
    EXPECT_EQ(with("/", (scratch_ / "link/").toLocal8Bit().constData()), real);
}

}  // namespace
}  // namespace botbottle
