#include "host-bottle/bottle.h"

#include <unistd.h>

#include <nlohmann/json.hpp>

#include "host-bottle/host_user.h"
#include "host-bottle/version.h"
#include "scratch.h"

namespace host_bottle {
namespace {

TEST(Identity, IsAPlainName) {
    for (const char* const good : {"a", "agent-ab12c", "A_b.c-9"})
        EXPECT_TRUE(is_identity(good));
    const std::string bad[] = {"",
                               ".",
                               "..",
                               ".a",
                               "-a",
                               "a/b",
                               "a b",
                               "a\n",
                               "a:b",
                               "\xc3\xa9",
                               std::string(65, 'a'),
                               std::string("a\0", 2)};
    for (const std::string& name : bad)
        EXPECT_FALSE(is_identity(name)) << name;
}

TEST(AbsolutePath, IsPlain) {
    const auto parsed = [](const std::string& path) { return absolute_path({{"p", path}}, "p"); };
    EXPECT_EQ(parsed("/a/b"), "/a/b");
    EXPECT_EQ(parsed("/a/b///"), "/a/b");
    EXPECT_EQ(parsed("/"), "/");
    EXPECT_EQ(parsed("/..a/.b"), "/..a/.b");
    for (const std::string& path :
         {std::string("a"), std::string(""), std::string("/a/../b"), std::string("/.."),
          std::string("/a/."), std::string("/a\0b", 4)}) {
        EXPECT_EQ(code_of([&] { parsed(path); }), "invalid_request") << path;
    }
}

TEST(HostUser, KnowsARootThatHasNobodyToBecome) {
    EXPECT_TRUE(maps_bottle_uids("         0          0 4294967295\n"));
    EXPECT_FALSE(maps_bottle_uids("         0       1000          1\n"));
    EXPECT_FALSE(maps_bottle_uids("0 1000 1\n1 100000 65536\n"));
    EXPECT_TRUE(maps_bottle_uids("0 1000 1\n2013265920 100000 134217728\n"));
    EXPECT_FALSE(maps_bottle_uids("0 1000 1\n2013265920 100000 134217727\n"));
    EXPECT_FALSE(maps_bottle_uids(""));
}

TEST(HostUser, IsTheSameForTheSameBottle) {
    const Owner owner = owner_for("agent-ab12c");
    EXPECT_EQ(owner.uid, owner_for("agent-ab12c").uid);
    if (!is_host_root()) {
        EXPECT_EQ(owner.uid, geteuid());
        return;
    }
    EXPECT_EQ(owner.uid, 0x78000000u + 19638754u);  // FNV-1a: homes on disk belong to it
    EXPECT_NE(owner.uid, owner_for("agent-ab12d").uid);
}

TEST(Versions, AreComparedByNumber) {
    EXPECT_TRUE(parse_version("0.10.0")->at_least({0, 8}));
    EXPECT_FALSE(parse_version("0.7.9")->at_least({0, 8}));
    EXPECT_TRUE(parse_version("6.1.0-18-amd64")->at_least({5, 14}));
    EXPECT_FALSE(parse_version("5.10.0")->at_least({5, 14}));
    EXPECT_TRUE(parse_version("1.0")->at_least({0, 8}));
    for (const char* const text : {"", "x", "1", "1.", ".1", "v1.2"}) {
        EXPECT_FALSE(parse_version(text)) << text;
    }
}

}  // namespace
}  // namespace host_bottle
