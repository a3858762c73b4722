#include "supervise/decide.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <QDir>
#include <QJsonDocument>
#include <fstream>
#include <optional>

#include "supervise/queue.h"

namespace botbottle {
namespace {

const QString kIdentity = QStringLiteral("dev-abc12");
const QString kId = QStringLiteral("p-12345678");

class Decide : public testing::Test {
  protected:
    void SetUp() override {
        char name[] = "/tmp/decide-XXXXXX";
        ASSERT_NE(mkdtemp(name), nullptr);
        path_ = QString::fromLocal8Bit(name);
        setenv("BOT_BOTTLE_HOME", name, 1);
        home_.emplace(*Home::locate());
        ASSERT_TRUE(home_->make());
        ASSERT_EQ(mkdir(home_->queue(kIdentity).toStdString().c_str(), 0700), 0);
        proposal_ = {kId,
                     kIdentity,
                     QStringLiteral("egress-block"),
                     QDateTime::currentDateTimeUtc(),
                     QDateTime::currentDateTimeUtc().addSecs(60),
                     QStringLiteral("why"),
                     {{QStringLiteral("host"), QStringLiteral("a.example")}},
                     {}};
        write();
    }
    void TearDown() override {
        unsetenv("BOT_BOTTLE_HOME");
        QDir(path_).removeRecursively();
    }
    void write() {
        std::ofstream(proposal_file(*home_, kIdentity, kId).toStdString())
            << QJsonDocument(to_json(proposal_)).toJson().toStdString();
    }
    Result<void> decide_as(const char* status, const std::function<Result<void>()>& apply) {
        Decision decision;
        decision.status = QLatin1String(status);
        return decide(*home_, proposal_, decision, apply);
    }

    QString path_;
    std::optional<Home> home_;
    Proposal proposal_;
};

TEST_F(Decide, OnceAndForEverybody) {
    int applied = 0;
    const auto apply = [&]() -> Result<void> {
        ++applied;
        return {};
    };
    ASSERT_EQ(open_proposals(*home_).size(), 1);
    ASSERT_TRUE(decide_as("approved", apply));
    EXPECT_TRUE(open_proposals(*home_).isEmpty());
    const auto again = decide_as("rejected", nullptr);
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, "already_decided");
    EXPECT_NE(again.error().message.find("was approved already, by "), std::string::npos);
    EXPECT_FALSE(decide_as("approved", apply));
    EXPECT_EQ(applied, 1);
}

TEST_F(Decide, WhatCannotBeAppliedIsNotDecided) {
    const auto refused =
        decide_as("approved", []() -> Result<void> { return failure("policy_moved", "moved"); });
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, "policy_moved");
    ASSERT_EQ(open_proposals(*home_).size(), 1);
    EXPECT_EQ(open_proposals(*home_)[0].state(), QStringLiteral("pending"));
    EXPECT_TRUE(decide_as("rejected", nullptr));
}

TEST_F(Decide, AnApprovalIsOnDiskBeforeItIsApplied) {
    const auto done = decide_as("approved", [&]() -> Result<void> {
        const auto entry = find_proposal(*home_, kId);
        EXPECT_EQ(entry->state(), QStringLiteral("half done"));
        EXPECT_TRUE(entry->is_open());
        return {};
    });
    EXPECT_TRUE(done);
    EXPECT_EQ(find_proposal(*home_, kId)->state(), QStringLiteral("approved"));
}

TEST_F(Decide, NotAfterItsTime) {
    proposal_.expires = QDateTime::currentDateTimeUtc().addSecs(-1);
    write();
    EXPECT_EQ(decide_as("rejected", nullptr).error().code, "expired");
}

TEST_F(Decide, FindsNothingByAnythingButAnId) {
    for (const char* bad : {"", "../p-12345678", "p-12345678/..", "p-1234567", "P-12345678"})
        EXPECT_EQ(find_proposal(*home_, QLatin1String(bad)).error().code, "usage") << bad;
    EXPECT_EQ(find_proposal(*home_, QStringLiteral("p-00000000")).error().code, "unknown_proposal");
}

TEST_F(Decide, ALinkIsNoProposal) {
    const std::string file = proposal_file(*home_, kIdentity, kId).toStdString();
    ASSERT_EQ(rename(file.c_str(), (file + ".away").c_str()), 0);
    ASSERT_EQ(symlink((file + ".away").c_str(), file.c_str()), 0);
    EXPECT_TRUE(open_proposals(*home_).isEmpty());
}

}  // namespace
}  // namespace botbottle
