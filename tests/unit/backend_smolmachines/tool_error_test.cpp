#include "tool_error.h"

#include <gtest/gtest.h>

namespace backend_smolmachines {
namespace {

TEST(ErrorLine, IsTheLastThatBeginsALine) {
    EXPECT_EQ(error_line("Starting machine 'x'...\nError: vm not found: x\n"), "vm not found: x");
    EXPECT_EQ(error_line("Error: first\nError: second\n"), "second");
    EXPECT_EQ(error_line("error: unexpected argument\n\nUsage: smolvm …"), "unexpected argument");
    EXPECT_EQ(error_line("no Error: here"), "");
    EXPECT_EQ(error_line(""), "");
    EXPECT_EQ(error_line("Error: a\x1b[31mb\n"), "a [31mb");
}

struct Case {
    const char* said;
    const char* code;
};

// Every message of the contract has a code of its own kind and, but for the program's own, a hint.
TEST(Explain, KnowsTheToolsMessages) {
    constexpr Case kCases[] = {
        {"vm not found: x", "no_machine"},
        {"config operation failed: create machine: machine 'x' already exists or is being created",
         "name_taken"},
        {"config operation failed: create machine: machine name cannot end with a hyphen (got: x-)",
         "bad_machine_name"},
        {"mount source not found: /x", "mount_refused"},
        {"mount operation failed: validate host path: source path on host must be a directory "
         "(virtiofs limitation): "
         "/x",
         "mount_refused"},
        {"mount operation failed: validate host path: source path on host is a protected system "
         "path and cannot be "
         "mounted: /etc",
         "mount_refused"},
        {"mount operation failed: validate guest path: target path on guest should be an absolute "
         "directory: x",
         "mount_refused"},
        {"mount operation failed: validate mounts: duplicate mount target: /x is specified more "
         "than once",
         "mount_refused"},
        {"invalid mount path: invalid format 'x' (expected host:guest[:ro|:rw])", "mount_refused"},
        {"config operation failed: mount-socket: expected HOST_PATH:GUEST_PATH, got 'x'",
         "socket_refused"},
        {"config operation failed: publish-socket: guest path 'x' must be absolute",
         "socket_refused"},
        {"config operation failed: validate ports: duplicate host port 1: each host port can only "
         "be mapped once",
         "ports_refused"},
        {"config operation failed: start machine: host port 1 is already in use by running machine "
         "'y'",
         "ports_refused"},
        {"config operation failed: --allow-host: x", "network_refused"},
        {"agent operation failed: init: init[0] failed (exit 1): x", "init_failed"},
        {"agent did not become ready within 30 seconds", "machine_not_ready"},
        {"agent operation failed: connect: machine 'x' is not running. Use 'smolvm machine start "
         "--name x' first.",
         "not_running"},
        {"agent operation failed: exec: connection to VM lost", "machine_lost"},
        {"config operation failed: resolve secret 'X': env_unset", "secret_refused"},
        {"config operation failed: cp: one of SRC or DST must use machine:path syntax (e.g., "
         "myvm:/workspace/file)",
         "copy_failed"},
        {"agent operation failed: read local file: /x: No such file or directory", "copy_failed"},
        {"invalid vm state: expected running, got frozen", "wrong_state"},
        {"storage operation failed: x: y", "no_space"},
        {"database operation failed: x: y", "smolvm_database"},
        {"kvm not available: x", "no_hypervisor"},
        {"kvm permission denied: x", "no_hypervisor"},
        {"config operation failed: something: new", "smolvm_refused"},
        {"agent operation failed: something: new", "machine_failed"},
        {"words that nobody has seen", "smolvm_failed"},
    };
    for (const Case& one : kCases) {
        const ToolError error = explain("do it", 1, std::string("Error: ") + one.said + "\n");
        EXPECT_EQ(error.code, one.code) << one.said;
        EXPECT_NE(error.hint, "") << one.said;
        EXPECT_EQ(error.message, std::string("smolvm could not do it: ") + one.said);
    }
}

TEST(Explain, AUsageErrorIsAnIncompatibleTool) {
    const ToolError error =
        explain("make the machine", 2, "error: unexpected argument '--label' found\n\nUsage: x");
    EXPECT_EQ(error.code, "smolvm_incompatible");
    EXPECT_NE(error.message.find("unexpected argument '--label' found"), std::string::npos);
}

TEST(Explain, HasWordsForSilence) {
    EXPECT_NE(explain("do it", 1, "").message.find("without a word"), std::string::npos);
    EXPECT_NE(explain("do it", 101, "thread 'main' panicked\n").message.find("panicked"),
              std::string::npos);
}

TEST(Says, NotFoundAndExists) {
    EXPECT_TRUE(says_not_found("Error: vm not found: x\n"));
    EXPECT_TRUE(
        says_not_found("Error: config operation failed: machine status: machine 'x' not found\n"));
    EXPECT_FALSE(says_not_found("Error: mount source not found: /x\n"));
    EXPECT_TRUE(
        says_exists("Error: config operation failed: create machine: machine 'x' already exists or "
                    "is being created\n"));
    EXPECT_FALSE(says_exists("Error: x\n"));
}

}  // namespace
}  // namespace backend_smolmachines
