// The store: which files count, whom a repository may override, and what it gains (nothing).
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <QDir>
#include <QFile>

#include "fixture.h"
#include "manifest/manifest_file.h"
#include "manifest/store.h"

namespace botbottle {
namespace {

const QString kAgents = QStringLiteral("repository/.bot-bottle/agents/");

class Store : public ::testing::Test {
  protected:
    ManifestStore load() const { return ManifestStore::load(places_.home(), places_.repository()); }
    static bool warns(const QStringList& warnings, const QString& part) {
        return !warnings.filter(part).isEmpty();
    }
    test::Places places_;
};

TEST_F(Store, NothingThereIsNoError) {
    const auto store =
        ManifestStore::load(QStringLiteral("/nonexistent"), QStringLiteral("/nonexistent"));
    EXPECT_TRUE(store.bottle_names().isEmpty());
    EXPECT_TRUE(store.agent_names().isEmpty());
    EXPECT_TRUE(store.warnings().isEmpty());
    EXPECT_EQ(store.bottle(QStringLiteral("dev")).error().code, "unknown_bottle");
    EXPECT_EQ(store.agent(QStringLiteral("dev")).error().code, "unknown_agent");
}

TEST_F(Store, FileNamesAreTheKeys) {
    places_.write(QStringLiteral("home/bottles/zeta.md"), "---\n---\n");
    places_.write(QStringLiteral("home/bottles/alpha-2.md"), "---\n---\n");
    for (const char* other :
         {"Upper.md", "2nd.md", "notes.txt", ".hidden.md", "a b.md", "dev.markdown"}) {
        places_.write(QStringLiteral("home/bottles/") + QString::fromLatin1(other), "---\n---\n");
    }
    const auto store = load();
    EXPECT_EQ(store.bottle_names(),
              QStringList({QStringLiteral("alpha-2"), QStringLiteral("zeta")}));
    EXPECT_EQ(store.warnings().size(), 6);
    EXPECT_TRUE(warns(store.warnings(), QStringLiteral("skipped \"Upper.md\"")));
}

TEST_F(Store, OneBrokenFileDoesNotStopTheOthers) {
    places_.write(QStringLiteral("home/bottles/good.md"), "---\n---\n");
    places_.write(QStringLiteral("home/bottles/broken.md"), "no frontmatter");
    const auto store = load();
    EXPECT_EQ(store.bottle_names().size(), 2);
    EXPECT_TRUE(store.bottle(QStringLiteral("good")));
    EXPECT_EQ(store.bottle(QStringLiteral("broken")).error().code, "manifest_invalid");
}

TEST_F(Store, UnknownNamesGetASuggestion) {
    places_.write(QStringLiteral("home/agents/reviewer.md"), "---\nbottle: dev\n---\n");
    const auto agent = load().agent(QStringLiteral("reviwer"));
    ASSERT_FALSE(agent);
    EXPECT_EQ(agent.error().message, "there is no agent \"reviwer\"; did you mean \"reviewer\"?");
    EXPECT_EQ(agent.error().hint,
              "known: reviewer (in " + places_.home().toStdString() + "/agents)");
}

TEST_F(Store, BottlesOfARepositoryAreIgnored) {
    places_.write(QStringLiteral("repository/.bot-bottle/bottles/evil.md"), "---\n---\n");
    const auto store = load();
    EXPECT_TRUE(store.bottle_names().isEmpty());
    ASSERT_EQ(store.warnings().size(), 1);
    EXPECT_TRUE(warns(store.warnings(), QStringLiteral("a repository cannot bring bottles")));
}

TEST_F(Store, ARepositoryMayBringAgents) {
    places_.write(kAgents + QStringLiteral("helper.md"), "---\nbottle: dev\n---\nHello");
    const auto agent = load().agent(QStringLiteral("helper"));
    ASSERT_TRUE(agent) << agent.error().message;
    EXPECT_TRUE(agent->from_repository);
    EXPECT_EQ(agent->prompt, QStringLiteral("Hello"));
    EXPECT_EQ(agent->bottle, QStringLiteral("dev"));
}

TEST_F(Store, AnOverrideKeepsTheOperatorsBottle) {
    places_.write(QStringLiteral("home/agents/dev.md"),
                  "---\nbottle: safe\nskills: [own]\ngit-gate: {user: {name: Own}}\n---\nOwn");
    places_.write(
        kAgents + QStringLiteral("dev.md"),
        "---\nbottle: rich\nskills: [theirs]\ngit-gate: {user: {name: Theirs}}\n---\nTheirs");
    QStringList warnings;
    const auto agent = load().agent(QStringLiteral("dev"), &warnings);
    ASSERT_TRUE(agent) << agent.error().message;
    EXPECT_EQ(agent->bottle, QStringLiteral("safe"));
    EXPECT_EQ(agent->prompt, QStringLiteral("Theirs"));
    EXPECT_EQ(agent->skills, QStringList(QStringLiteral("theirs")));
    EXPECT_EQ(agent->git_identity.name, QStringLiteral("Theirs"));
    EXPECT_TRUE(agent->from_repository);
    ASSERT_EQ(warnings.size(), 1);
    EXPECT_TRUE(warns(warnings, QStringLiteral("bottle: ignored \"rich\"")));
}

TEST_F(Store, ARepositorysAgentCannotBringRepos) {
    places_.write(kAgents + QStringLiteral("dev.md"),
                  "---\nbottle: dev\ngit-gate:\n  repos: {x: {}}\n---\n");
    const auto agent = load().agent(QStringLiteral("dev"));
    ASSERT_FALSE(agent);
    EXPECT_NE(agent.error().message.find("git-gate.repos: repos carry credentials"),
              std::string::npos);
}

TEST_F(Store, ALinkedAgentOfARepositoryIsRefused) {
    const QString outside =
        places_.write(QStringLiteral("secret.md"), "---\nbottle: dev\n---\nprivate");
    QDir().mkpath(places_.path(kAgents));
    ASSERT_TRUE(QFile::link(outside, places_.path(kAgents + QStringLiteral("dev.md"))));
    const auto agent = load().agent(QStringLiteral("dev"));
    ASSERT_FALSE(agent);
    EXPECT_EQ(agent.error().code, "manifest_unreadable");
    EXPECT_NE(agent.error().message.find("a symbolic link"), std::string::npos)
        << agent.error().message;
}

TEST_F(Store, LinkedDirectoriesOfARepositoryAreIgnored) {
    places_.write(QStringLiteral("elsewhere/agents/dev.md"), "---\nbottle: dev\n---\nprivate");
    ASSERT_TRUE(QFile::link(places_.path(QStringLiteral("elsewhere")),
                            places_.path(QStringLiteral("repository/.bot-bottle"))));
    auto store = load();
    EXPECT_TRUE(store.agent_names().isEmpty());
    EXPECT_TRUE(warns(store.warnings(), QStringLiteral("symbolic link")));

    QFile::remove(places_.path(QStringLiteral("repository/.bot-bottle")));
    QDir().mkpath(places_.path(QStringLiteral("repository/.bot-bottle")));
    ASSERT_TRUE(QFile::link(places_.path(QStringLiteral("elsewhere/agents")),
                            places_.path(QStringLiteral("repository/.bot-bottle/agents"))));
    store = load();
    EXPECT_TRUE(store.agent_names().isEmpty());
    EXPECT_TRUE(warns(store.warnings(), QStringLiteral("symbolic link")));
}

// A link that is put there between the listing and the reading.
TEST_F(Store, ADirectoryThatBecomesALinkIsRefused) {
    places_.write(kAgents + QStringLiteral("dev.md"), "---\nbottle: dev\n---\n");
    places_.write(QStringLiteral("elsewhere/dev.md"), "---\nbottle: dev\n---\nprivate");
    const auto store = load();
    QDir(places_.path(kAgents)).removeRecursively();
    ASSERT_TRUE(QFile::link(places_.path(QStringLiteral("elsewhere")),
                            places_.path(QStringLiteral("repository/.bot-bottle/agents"))));
    EXPECT_EQ(store.agent(QStringLiteral("dev")).error().code, "manifest_unreadable");
}

TEST_F(Store, TheHomeMayBeLinked) {
    const QString kept = places_.write(QStringLiteral("dotfiles/dev.md"), "---\n---\n");
    QDir().mkpath(places_.home() + QStringLiteral("/bottles"));
    ASSERT_TRUE(QFile::link(kept, places_.home() + QStringLiteral("/bottles/dev.md")));
    EXPECT_TRUE(load().bottle(QStringLiteral("dev")));
}

TEST_F(Store, TheHomeIsNoRepository) {
    places_.write(QStringLiteral("home/.bot-bottle/bottles/dev.md"), "---\n---\n");
    places_.write(QStringLiteral("home/.bot-bottle/agents/dev.md"), "---\nbottle: dev\n---\n");
    const auto store =
        ManifestStore::load(places_.home() + QStringLiteral("/.bot-bottle"), places_.home());
    EXPECT_TRUE(store.warnings().isEmpty());
    const auto agent = store.agent(QStringLiteral("dev"));
    ASSERT_TRUE(agent);
    EXPECT_FALSE(agent->from_repository);
}

TEST_F(Store, OnlyRegularFilesAreRead) {
    QDir().mkpath(places_.home() + QStringLiteral("/bottles/dir.md"));
    ASSERT_EQ(
        mkfifo(QFile::encodeName(places_.home() + QStringLiteral("/bottles/pipe.md")).constData(),
               0600),
        0);
    const auto store = load();
    for (const char* name : {"dir", "pipe"}) {
        const auto bottle = store.bottle(QString::fromLatin1(name));
        ASSERT_FALSE(bottle) << name;
        EXPECT_NE(bottle.error().message.find("not a regular file"), std::string::npos)
            << bottle.error().message;
    }
}

TEST_F(Store, AFileThatIsTooLargeIsRefusedUnread) {
    const QString path = places_.write(QStringLiteral("home/bottles/large.md"), "---\n---\n");
    QFile file(path);
    ASSERT_TRUE(file.resize(kLargestManifest + 1));
    const auto bottle = load().bottle(QStringLiteral("large"));
    ASSERT_FALSE(bottle);
    EXPECT_NE(bottle.error().message.find("1048577 bytes long; the most is 1048576"),
              std::string::npos);
}

}  // namespace
}  // namespace botbottle
