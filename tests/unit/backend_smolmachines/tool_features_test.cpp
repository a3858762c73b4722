#include "tool_features.h"

#include <gtest/gtest.h>

namespace backend_smolmachines {
namespace {

TEST(SmolvmVersion, IsReadFromItsOwnWords) {
    EXPECT_EQ(parse_smolvm_version("smolvm 1.9.3\n"), (SmolvmVersion{1, 9, 3}));
    EXPECT_EQ(parse_smolvm_version("smolvm 1.32.4-2"), (SmolvmVersion{1, 32, 4}));
    for (const char* const text :
         {"", "smolvm", "smolvm 1.9", "smolvm 1.9.", "smolvm 1.9.3.1", "smolvm x.y.z",
          "docker 1.9.3", " smolvm 1.9.3", "smolvm 1.9.3a", "smolvm -1.9.3"}) {
        EXPECT_EQ(parse_smolvm_version(text), std::nullopt) << text;
    }
}

TEST(SmolvmVersion, IsComparedByNumbers) {
    EXPECT_LT((SmolvmVersion{1, 8, 0}), kOldest);
    EXPECT_LT((SmolvmVersion{0, 99, 99}), kOldest);
    EXPECT_GE((SmolvmVersion{1, 8, 1}), kOldest);
    EXPECT_GE((SmolvmVersion{1, 10, 0}), kSupported);
    EXPECT_EQ(kOldest.text(), "1.8.1");
}

TEST(Flags, AreWholeWords) {
    constexpr std::string_view kHelp =
        "  -n, --name <NAME>\n      --label <K=V>\n  -d, --detach\n --user-data X";
    EXPECT_TRUE(names_flag(kHelp, "--label"));
    EXPECT_TRUE(names_flag(kHelp, "-d"));
    EXPECT_TRUE(names_flag(kHelp, "--name"));
    EXPECT_FALSE(names_flag(kHelp, "--user"));
    EXPECT_FALSE(names_flag(kHelp, "--lab"));
    EXPECT_FALSE(names_flag(kHelp, "-l"));
    EXPECT_TRUE(names_flag("--user", "--user"));
}

TEST(Features, WhatIsMissingIsNamed) {
    Features features = features_of("--mount-socket --label", "", "-d --user");
    EXPECT_EQ(missing_feature(features), "");
    EXPECT_TRUE(features.user);
    EXPECT_FALSE(features.interceptor);
    EXPECT_EQ(missing_feature(features_of("--label", "", "-d")), "machine create --mount-socket");
    EXPECT_EQ(missing_feature(features_of("--mount-socket", "", "-d")), "machine create --label");
    EXPECT_EQ(missing_feature(features_of("--mount-socket --label", "", "")), "machine exec -d");
}

}  // namespace
}  // namespace backend_smolmachines
