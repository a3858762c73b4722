// What bwrap says (0.8 to 0.11) and what the operator is told to do about it. The switches that
// decide between causes are read from this machine, on which none of them is off.
#include "diagnosis.h"

#include <gtest/gtest.h>
#include <unistd.h>

namespace backend_bubblewrap {
namespace {

TEST(Diagnosis, NamesTheCauseAndKeepsTheWords) {
    const char* const why_not =
        geteuid() == 0 ? "root may not make namespaces" : "refuses new namespaces";
    struct {
        const char* errors;
        const char* message;
        const char* hint;
    } const rows[] = {
        {"bwrap: Unknown option --disable-userns\n", "too old", "bubblewrap 0.8.0"},
        {"close_range failed: Linux 5.11 or newer is needed\n", "kernel is too old", "Linux 5.11"},
        {"bwrap: Can't mount proc on /newroot/proc: Operation not permitted", "/proc of its own",
         "systempaths=unconfined"},
        {"bwrap: Creating new namespace failed: Operation not permitted", why_not,
         "--security-opt"},
        {"bwrap: setting up uid map: Permission denied", why_not, "on the host"},
        {"bwrap: loopback: Failed RTM_NEWADDR: Operation not permitted", why_not, ""},
        {"bwrap: Can't find source path /nowhere: No such file or directory\n",
         "could not make the bottle (bwrap: Can't find source path /nowhere: No such file or "
         "directory)",
         ""},
        {"", "(no message)", ""},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.errors);
        const OperationError error = diagnose(row.errors);
        EXPECT_EQ(error.code(), "cannot_isolate");
        EXPECT_EQ(error.status(), BOTBOTTLE_UNAVAILABLE);
        EXPECT_NE(error.message().find(row.message), std::string::npos) << error.message();
        EXPECT_NE(error.hint().find(row.hint), std::string::npos) << error.hint();
    }
}

}  // namespace
}  // namespace backend_bubblewrap
