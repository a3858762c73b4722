// What comes home is what was judged, whatever the agent does in between.
#include "bottles/apply.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <QDir>
#include <QJsonObject>

#include "bottles/workspace.h"
#include "scratch.h"

namespace botbottle {
namespace {

class Apply : public ::testing::Test {
  protected:
    void SetUp() override {
        metadata_.identity = QStringLiteral("a-00000");
        metadata_.state_dir = scratch_ / "state";
        metadata_.workspace = scratch_ / "state/workspace";
        metadata_.working_directory = scratch_ / "home";
        ASSERT_TRUE(QDir().mkpath(metadata_.workspace));
        metadata_.plan = {{QStringLiteral("workspace"),
                           QJsonObject{{QStringLiteral("mode"), QStringLiteral("copy")},
                                       {QStringLiteral("copied"), true}}}};
        scratch_.file("home/kept.txt", "kept");
        WorkspaceCopy copy;
        copy.source = metadata_.working_directory;
        copy.target = metadata_.workspace;
        const auto notes = copy_workspace_in(copy, {});
        ASSERT_TRUE(notes) << notes.error().message;
        ASSERT_TRUE(remember_workspace(metadata_, notes->source));
        auto pair = open_workspace(metadata_);
        ASSERT_TRUE(pair) << pair.error().message;
        pair_ = std::move(*pair);
    }

    void point(const char* target) {
        unlinkat(pair_.copy.get(), "link", 0);
        ASSERT_EQ(symlinkat(target, pair_.copy.get(), "link"), 0);
    }

    std::string link_at_home() const {
        char target[4096] = {};
        return readlinkat(pair_.home.get(), "link", target, sizeof target - 1) < 0 ? std::string()
                                                                                   : target;
    }

    std::vector<ReviewedChange> review() const {
        const auto reviewed = review_workspace(pair_, metadata_);
        EXPECT_TRUE(reviewed);
        return reviewed ? *reviewed : std::vector<ReviewedChange>();
    }

    Scratch scratch_;
    Metadata metadata_;
    WorkspacePair pair_;
};

TEST_F(Apply, ALinkThatStaysInTheTreeComesHome) {
    point("kept.txt");
    const auto reviewed = review();
    ASSERT_EQ(reviewed.size(), 1U);
    ASSERT_TRUE(reviewed[0].free());
    const auto report = apply_changes(pair_, metadata_, plan_apply(pair_, reviewed));
    ASSERT_TRUE(report);
    EXPECT_EQ(link_at_home(), "kept.txt");
}

TEST_F(Apply, ALinkThatIsTurnedOutwardsAfterItsReviewStaysAway) {
    for (const char* outwards : {"/etc/passwd", "../outside", "a/../../outside", ".git/hooks/x"}) {
        point("kept.txt");
        const auto reviewed = review();
        ASSERT_EQ(reviewed.size(), 1U);
        ASSERT_TRUE(reviewed[0].free());
        point(outwards);
        const auto report = apply_changes(pair_, metadata_, plan_apply(pair_, reviewed));
        ASSERT_TRUE(report);
        EXPECT_TRUE(report->brought.empty()) << outwards;
        ASSERT_EQ(report->refused.size(), 1U) << outwards;
        EXPECT_EQ(link_at_home(), "") << outwards;
    }
}

TEST_F(Apply, AHeldLinkComesHomeWhenTheOperatorTookIt) {
    point("/etc/passwd");
    const auto reviewed = review();
    ASSERT_EQ(reviewed.size(), 1U);
    ASSERT_FALSE(reviewed[0].held.isEmpty());
    const auto report = apply_changes(pair_, metadata_, plan_apply(pair_, reviewed));
    ASSERT_TRUE(report);
    EXPECT_EQ(link_at_home(), "/etc/passwd");
}

}  // namespace
}  // namespace botbottle
