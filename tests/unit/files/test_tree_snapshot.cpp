#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <functional>

#include "files/tree_snapshot.h"
#include "temporary_directory.h"

namespace botbottle::files {
namespace {

TreeSnapshot take(const std::string& path) {
    auto snapshot = TreeSnapshot::take(path);
    EXPECT_TRUE(snapshot);
    return snapshot ? *snapshot : TreeSnapshot{};
}

struct Change {
    const char* what;
    std::function<void(const TemporaryDirectory&)> make;
    std::size_t added, changed, removed;
};

const Change kChanges[] = {
    {"nothing", [](const TemporaryDirectory&) {}, 0, 0, 0},
    {"reading", [](const TemporaryDirectory& d) { slurp(d / "src/main.c"); }, 0, 0, 0},
    {"git's own index", [](const TemporaryDirectory& d) { d.file(".git/index", "new"); }, 0, 0, 0},
    {"a new file", [](const TemporaryDirectory& d) { d.file("src/new.c", "x"); }, 1, 0, 0},
    {"a new directory", [](const TemporaryDirectory& d) { d.directory("empty"); }, 1, 0, 0},
    {"other content", [](const TemporaryDirectory& d) { d.file("src/main.c", "longer"); }, 0, 1, 0},
    {"same size, time set back",
     [](const TemporaryDirectory& d) {
         const auto before = status_of(d / "src/main.c");
         d.file("src/main.c", "MAIN");
         const struct timespec times[2] = {before.st_atim, before.st_mtim};
         utimensat(AT_FDCWD, (d / "src/main.c").c_str(), times, 0);
     },
     0, 1, 0},
    {"a mode", [](const TemporaryDirectory& d) { chmod((d / "src").c_str(), 0711); }, 0, 1, 0},
    {"a file gone", [](const TemporaryDirectory& d) { unlink((d / "src/main.c").c_str()); }, 0, 0,
     1},
};

TEST(TreeSnapshot, SeesEveryChangeAndNothingElse) {
    for (const Change& change : kChanges) {
        TemporaryDirectory directory;
        directory.file("src/main.c", "main");
        directory.file(".git/index", "old");
        directory.file("new\nline", "x");
        const TreeSnapshot before = take(directory.path());
        // Change times have the grain of the kernel's clock tick.
        usleep(10'000);
        change.make(directory);
        const TreeChanges changes = before.changes_to(take(directory.path()));
        EXPECT_EQ(changes.added, change.added) << change.what;
        EXPECT_EQ(changes.changed, change.changed) << change.what;
        EXPECT_EQ(changes.removed, change.removed) << change.what;
        EXPECT_EQ(changes.empty(), changes.examples.empty()) << change.what;
    }
}

TEST(TreeSnapshot, SurvivesAFile) {
    TemporaryDirectory directory;
    directory.file("a/b", "x");
    directory.file("new\nline", "x");
    const TreeSnapshot before = take(directory.path());
    const auto parsed = TreeSnapshot::parse(before.serialize());
    ASSERT_TRUE(parsed);
    EXPECT_TRUE(parsed->changes_to(before).empty());
    EXPECT_TRUE(before.changes_to(*parsed).empty());
}

TEST(TreeSnapshot, RefusesADamagedFile) {
    TemporaryDirectory directory;
    directory.file("a", "x");
    const std::string good = take(directory.path()).serialize();
    EXPECT_FALSE(TreeSnapshot::parse(""));
    EXPECT_FALSE(TreeSnapshot::parse("something else"));
    EXPECT_FALSE(TreeSnapshot::parse(good.substr(0, good.size() - 1)));
    EXPECT_FALSE(TreeSnapshot::parse(good + "x"));
}

}  // namespace
}  // namespace botbottle::files
