#include <gtest/gtest.h>

#include "cli/exit_code.h"

namespace botbottle::cli {
namespace {

TEST(ExitCode, FollowsTheContract) {
    const struct {
        const char* code;
        int exit;
    } rows[] = {{"interrupted", 130},         {"usage", 2},
                {"unknown_agent", 2},         {"unknown_identity", 2},
                {"needs_an_answer", 2},       {"manifest_invalid", 3},
                {"settings_invalid", 3},      {"unknown_bottle", 3},
                {"extends_cycle", 3},         {"upstream_ca_unreadable", 3},
                {"scan_rules_unreadable", 3}, {"no_backend", 4},
                {"anything_else", 125}};
    for (const auto& row : rows)
        EXPECT_EQ(exit_code_for({row.code, "", ""}, kBeforeTheAgent), row.exit) << row.code;
    EXPECT_EQ(exit_code_for({"anything_else", "", ""}, kFailed), 1);
}

}  // namespace
}  // namespace botbottle::cli
