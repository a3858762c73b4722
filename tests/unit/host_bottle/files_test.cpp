#include "host-bottle/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host-bottle/guest_files.h"
#include "scratch.h"

namespace host_bottle {
namespace {

using Files = Scratch;

TEST_F(Files, DirectoriesGetTheirMode) {
    const std::string path = root_ + "/d";
    make_directory(path, 0700);
    make_directory(path, 0755);  // again, with another mode
    struct stat status = {};
    ASSERT_EQ(stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0755u);
    const std::string led_away = link("l", path);
    EXPECT_EQ(code_of([&] { make_directory(led_away, 0700); }), "system");
    const std::string file = make("f", "");
    EXPECT_EQ(code_of([&] { make_directory(file, 0700); }), "system");
}

TEST_F(Files, ReadOnlyWhatIsOurs) {
    EXPECT_EQ(read_file(root_ + "/nothing"), std::nullopt);
    replace_file(root_ + "/f", "one");
    replace_file(root_ + "/f", "two");
    EXPECT_EQ(read_file(root_ + "/f"), "two");
    EXPECT_FALSE(exists(root_ + "/f.new"));
    const std::string led_away = link("l", root_ + "/f");
    EXPECT_EQ(code_of([&] { read_file(led_away); }), "system");
    ASSERT_EQ(mkfifo((root_ + "/p").c_str(), 0600), 0);
    EXPECT_EQ(code_of([&] { read_file(root_ + "/p"); }), "not_ours");
    make("large", std::string(1024 * 1024 + 1, 'x'));
    EXPECT_EQ(code_of([&] { read_file(root_ + "/large"); }), "too_large");
}

TEST(Paths, LieIn) {
    EXPECT_TRUE(lies_in("/a", "/a"));
    EXPECT_TRUE(lies_in("/a/b", "/a"));
    EXPECT_FALSE(lies_in("/ab", "/a"));
    EXPECT_FALSE(lies_in("/", "/a"));
    EXPECT_TRUE(lies_in("/a", "/"));
    EXPECT_EQ(parent_of("/a/b"), "/a");
    EXPECT_EQ(parent_of("/a"), "/");
    EXPECT_EQ(name_of("/a/b"), "b");
}

TEST(GuestPaths, LeadToTheirTrees) {
    const Bottle bottle = {"id", "/s", "/r", "/l", "/r"};
    const auto path = locate(bottle, "/home/agent/x/y");
    EXPECT_EQ(path.root, "/s/home");
    EXPECT_EQ(path.relative, "x/y");
    EXPECT_TRUE(path.agent_owned);
    EXPECT_EQ(locate(bottle, "/workspace").relative, "");
    EXPECT_EQ(locate(bottle, "/etc/ssl").root, "/r/etc");
    EXPECT_FALSE(locate(bottle, "/etc/ssl").agent_owned);
    for (const char* const other : {"/", "/home", "/home/agents", "/workspaces/x", "/tmp/x"}) {
        EXPECT_EQ(code_of([&] { locate(bottle, other); }), "invalid_request") << other;
    }
}

TEST_F(Files, AreOpenedBeneathOnly) {
    make("tree/d/f", "inside");
    make("secret", "outside");
    link("tree/out", root_ + "/secret");
    link("tree/up", "..");
    link("tree/within", "d");
    const UniqueFd tree = open_root(root_ + "/tree");
    EXPECT_TRUE(open_beneath(tree.get(), "d/f", O_RDONLY));
    EXPECT_TRUE(open_beneath(tree.get(), "", O_RDONLY | O_DIRECTORY));
    for (const char* const path :
         {"out", "up", "up/secret", "../secret", "d/../../secret", "within/f", "/etc/passwd"}) {
        EXPECT_FALSE(open_beneath(tree.get(), path, O_RDONLY)) << path;
    }
    ASSERT_EQ(mkfifo((root_ + "/tree/p").c_str(), 0600), 0);
    EXPECT_FALSE(open_regular(tree.get(), "p"));  // and does not wait for a writer
    EXPECT_FALSE(open_regular(tree.get(), "d"));
    EXPECT_TRUE(open_regular(tree.get(), "d/f"));
}

}  // namespace
}  // namespace host_bottle
