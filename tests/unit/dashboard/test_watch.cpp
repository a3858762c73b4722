// What changes in a home is told, and nothing is told twice.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <QDir>
#include <QFile>
#include <QTemporaryDir>

#include "dashboard/watch.h"

namespace botbottle::dashboard {
namespace {

class WatchedHome : public testing::Test {
  protected:
    WatchedHome() {
        setenv("BOT_BOTTLE_HOME", directory.path().toLocal8Bit().constData(), 1);
        home = *Home::locate();
        EXPECT_TRUE(home->make());
        QDir(home->path()).mkpath(QStringLiteral("agents"));
    }
    ~WatchedHome() override { unsetenv("BOT_BOTTLE_HOME"); }

    void write(const QString& name) {
        QFile file(home->path() + QLatin1Char('/') + name);
        ASSERT_TRUE(file.open(QIODevice::Append));
        file.write("x\n");
    }

    QTemporaryDir directory;
    std::optional<Home> home;
};

TEST_F(WatchedHome, EachKindOfChange) {
    Watch watch(*home);
    EXPECT_FALSE(watch.take().any());
    write(QStringLiteral("agents/a.md"));
    EXPECT_TRUE(watch.take().manifests);
    write(QStringLiteral("audit/a-12345.jsonl"));
    const Changes record = watch.take();
    EXPECT_EQ(record.records, QSet<QString>{QStringLiteral("a-12345")});
    EXPECT_FALSE(record.bottles || record.proposals || record.manifests);
    EXPECT_FALSE(watch.take().any());
}

TEST_F(WatchedHome, FoldersThatAreNewAreWatched) {
    Watch watch(*home);
    QDir(home->path()).mkpath(QStringLiteral("state/a-12345"));
    QDir(home->path()).mkpath(QStringLiteral("queue/a-12345"));
    Changes changes = watch.take();
    EXPECT_TRUE(changes.bottles && changes.proposals);
    write(QStringLiteral("state/a-12345/metadata.json"));
    EXPECT_TRUE(watch.take().bottles);
    write(QStringLiteral("state/a-12345/other"));
    EXPECT_FALSE(watch.take().any());
    write(QStringLiteral("queue/a-12345/p-aaaaaaaa.proposal.json"));
    EXPECT_TRUE(watch.take().proposals);
}

}  // namespace
}  // namespace botbottle::dashboard
