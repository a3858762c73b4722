#include "host-bottle/tree_copy.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host-bottle/guest_files.h"
#include "scratch.h"

namespace host_bottle {
namespace {

TEST(ContainedLinks, StartWithTheirWayUpAndNeverGoUpAgain) {
    struct {
        const char* target;
        unsigned depth;
        bool contained;
    } const rows[] = {
        {"a", 0, true},          {"a/b/c", 0, true},      {"./a", 0, true},
        {"..", 0, false},        {"..", 1, true},         {"../..", 1, false},
        {"../../a", 2, true},    {".././../a", 2, true},  {"..//../a", 1, false},
        {"a/..", 5, false},  // a may be a link to anywhere in the tree
        {"a/../../b", 5, false}, {"../a/../b", 5, false}, {"/a", 5, false},
        {"/", 5, false},         {"", 5, false},          {"..a/...", 0, true},
    };
    for (const auto& row : rows) {
        EXPECT_EQ(is_contained_link(row.target, row.depth), row.contained)
            << row.target << " at depth " << row.depth;
    }
}

class TreeCopies : public Scratch {
  protected:
    CopySummary copy(TreeCopy::Links links, const std::string& source, const std::string& target) {
        const UniqueFd root = open_root(root_);
        TreeCopy copy(links, std::nullopt);
        copy.copy(root.get(), source, root.get(), target);
        return copy.summary();
    }
    std::string read(const std::string& path) { return read_file(root_ + "/" + path).value(); }
};

TEST_F(TreeCopies, KeepModesAndLinks) {
    make("from/d/run", "x", 04755);
    link("from/l", "/etc/passwd");
    const auto summary = copy(TreeCopy::Links::all, "from", "to");
    EXPECT_EQ(summary.files, 2u);
    struct stat status = {};
    ASSERT_EQ(stat((root_ + "/to/d/run").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0755u);
    EXPECT_EQ(std::filesystem::read_symlink(root_ + "/to/l"), "/etc/passwd");
    EXPECT_EQ(copy(TreeCopy::Links::contained, "from", "other").skipped.size(), 1u);
}

TEST_F(TreeCopies, ReplaceFilesAndMergeDirectories) {
    make("from/a", "new");
    make("to/a", "old");
    make("to/b", "kept");
    copy(TreeCopy::Links::all, "from", "to");
    EXPECT_EQ(read("to/a"), "new");
    EXPECT_EQ(read("to/b"), "kept");
    // A link in a file's place is replaced, not written through.
    make("victim", "untouched");
    std::filesystem::remove(root_ + "/to/a");
    link("to/a", root_ + "/victim");
    copy(TreeCopy::Links::all, "from", "to");
    EXPECT_EQ(read("victim"), "untouched");
    EXPECT_EQ(read("to/a"), "new");
}

TEST_F(TreeCopies, DoNotFollowALinkInADirectorysPlace) {
    make("from/d/a", "x");
    make("victim/keep", "");
    std::filesystem::create_directory(root_ + "/to");
    link("to/d", root_ + "/victim");
    EXPECT_EQ(code_of([&] { copy(TreeCopy::Links::all, "from", "to"); }), "system");
    EXPECT_FALSE(exists(root_ + "/victim/a"));
}

TEST_F(TreeCopies, KeepHoles) {
    const std::string path = make("sparse", "");
    const UniqueFd file(open(path.c_str(), O_WRONLY | O_CLOEXEC));
    ASSERT_EQ(ftruncate(file.get(), off_t{1} << 30), 0);
    ASSERT_EQ(pwrite(file.get(), "middle", 6, 500'000'000), 6);
    copy(TreeCopy::Links::all, "sparse", "copy");
    struct stat status = {};
    ASSERT_EQ(stat((root_ + "/copy").c_str(), &status), 0);
    EXPECT_EQ(status.st_size, off_t{1} << 30);
    EXPECT_LT(status.st_blocks, 1000);
    char text[6] = {};
    const UniqueFd copied(open((root_ + "/copy").c_str(), O_RDONLY | O_CLOEXEC));
    ASSERT_EQ(pread(copied.get(), text, 6, 500'000'000), 6);
    EXPECT_EQ(std::string(text, 6), "middle");
}

TEST_F(TreeCopies, LeaveNothingHalfWritten) {
    make("from", "x");
    std::filesystem::create_directories(root_ + "/to/full/dir");
    const UniqueFd root = open_root(root_);
    const UniqueFd target = open_root(root_ + "/to");
    TreeCopy copy(TreeCopy::Links::all, std::nullopt);
    EXPECT_EQ(code_of([&] { copy.copy(root.get(), "from", target.get(), "full"); }), "system");
    for (const auto& entry : std::filesystem::directory_iterator(root_ + "/to")) {
        EXPECT_EQ(entry.path().filename(), "full");
    }
}

TEST_F(TreeCopies, RemoveTreesOfAnyDepth) {
    const UniqueFd root = open_root(root_);
    ASSERT_EQ(mkdirat(root.get(), "tree", 0700), 0);
    UniqueFd current = open_root(root_ + "/tree");
    for (int i = 0; i < 1200; ++i) {  // more than descriptors may be open
        ASSERT_EQ(mkdirat(current.get(), "d", 0700), 0);
        UniqueFd next(openat(current.get(), "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        ASSERT_TRUE(next);
        current = std::move(next);
    }
    make("kept", "x");
    link("tree/l", root_ + "/kept");
    make("tree/locked/x", "");
    ASSERT_EQ(chmod((root_ + "/tree/locked").c_str(), 0), 0);
    ASSERT_EQ(chmod((root_ + "/tree").c_str(), 0), 0);
    remove_tree(root_ + "/tree");
    EXPECT_FALSE(exists(root_ + "/tree"));
    EXPECT_TRUE(exists(root_ + "/kept"));
    remove_tree(root_ + "/tree");  // what is not there is removed
    const std::string led_away = link("away", root_);
    EXPECT_EQ(code_of([&] { remove_tree(led_away); }), "system");
}

}  // namespace
}  // namespace host_bottle
