#include <gtest/gtest.h>
#include <sys/stat.h>

#include <QDir>

#include "bottles/workspace.h"
#include "scratch.h"

namespace botbottle {
namespace {

class Workspace : public ::testing::Test {
  protected:
    void SetUp() override {
        metadata_.state_dir = scratch_ / "state";
        metadata_.workspace = scratch_ / "state/workspace";
        ASSERT_TRUE(QDir().mkpath(metadata_.workspace));
        scratch_.file("source/main.c", "int main;");
        ASSERT_EQ(mkfifo((scratch_ / "source/fifo").toLocal8Bit().constData(), 0600), 0);
    }

    Scratch scratch_;
    Metadata metadata_;
};

TEST_F(Workspace, SaysWhatWasLeftOutAndWhatChanged) {
    WorkspaceCopy copy;
    copy.source = scratch_ / "source";
    copy.target = metadata_.workspace;
    const auto notes = copy_workspace_in(copy, {});
    ASSERT_TRUE(notes) << notes.error().message;
    EXPECT_EQ(notes->notes.join(QLatin1Char('|')).toStdString(), "not copied: fifo: is a FIFO");
    ASSERT_TRUE(remember_workspace(metadata_, {}));
    EXPECT_TRUE(workspace_changes(metadata_)->empty());
    scratch_.file("state/workspace/new.c", "x");
    const auto changes = workspace_changes(metadata_);
    ASSERT_TRUE(changes);
    EXPECT_EQ(describe(*changes).toStdString(), "1 added: new.c");
}

// The agent chose the names, and they end up on the operator's terminal, on one line of its own.
TEST_F(Workspace, NamesAreShownNotObeyed) {
    ASSERT_TRUE(remember_workspace(metadata_, {}));
    scratch_.file("state/workspace/\x1b]0;mine\x07\nbotbottle: error: lies\xc2\x9b", "x");
    const auto changes = workspace_changes(metadata_);
    ASSERT_TRUE(changes);
    EXPECT_EQ(describe(*changes).toStdString(),
              "1 added: \\u001b]0;mine\\u0007\\u000abotbottle: error: lies\\u009b");
}

TEST_F(Workspace, WithoutARememberedStateItCannotTell) {
    EXPECT_FALSE(workspace_changes(metadata_)) << "and so the bottle is kept";
    metadata_.workspace.clear();
    EXPECT_TRUE(workspace_changes(metadata_)->empty()) << "no workspace, no changes";
}

}  // namespace
}  // namespace botbottle
