#include "host-bottle/process.h"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scratch.h"

namespace host_bottle {
namespace {

using std::chrono::milliseconds;

ProgramResult shell(const std::string& script, std::string_view input = {},
                    milliseconds timeout = milliseconds(10000), std::size_t limit = 1 << 20) {
    Program program;
    program.argv = {"/bin/sh", "-c", script};
    program.input = input;
    program.timeout = timeout;
    program.output_limit = limit;
    return run_program(program);
}

TEST(RunProgram, ReportsItsEnd) {
    const ProgramResult ran = shell("cat; echo err >&2; exit 3", "in");
    EXPECT_EQ(ran.output, "in");
    EXPECT_EQ(ran.errors, "err\n");
    EXPECT_EQ(ran.exit_code, 3);
    EXPECT_EQ(ran.signal, 0);
    EXPECT_EQ(shell("kill -TERM $$").signal, SIGTERM);
    Program missing;
    missing.argv = {"/no/such/program"};
    EXPECT_EQ(run_program(missing).exit_code, 127);
}

TEST(RunProgram, PassesOnNothingOfOurs) {
    setenv("CANARY", "x", 1);
    const UniqueFd open_file(dup(STDIN_FILENO));  // not close-on-exec
    EXPECT_EQ(shell("env | grep -c CANARY").output, "0\n");
    EXPECT_EQ(shell("ls /proc/$$/fd").output, "0\n1\n2\n");
}

TEST(RunProgram, CutsAndDrains) {
    const ProgramResult ran =
        shell("yes | head -c 1000000; echo done >&2", {}, milliseconds(10000), 1000);
    EXPECT_EQ(ran.output.size(), 1000u);
    EXPECT_TRUE(ran.truncated);
    EXPECT_EQ(ran.errors, "done\n");
}

TEST(RunProgram, FeedsMoreThanAPipeHolds) {
    const std::string input(3000000, 'x');
    EXPECT_EQ(shell("wc -c", input).output, "3000000\n");
    EXPECT_EQ(shell("exec <&-; exit 4", input).exit_code, 4);  // who does not read is no error
}

TEST(RunProgram, EndsWhatTakesTooLong) {
    const ProgramResult ran = shell("echo a; exec sleep 1000", {}, milliseconds(100));
    EXPECT_TRUE(ran.timed_out);
    EXPECT_EQ(ran.output, "a\n");
    EXPECT_TRUE(shell("exec >&- 2>&-; exec sleep 1000", {}, milliseconds(100)).timed_out);
}

TEST(ProcessNames, AreOneProcess) {
    const auto own = start_time_of(getpid());
    ASSERT_TRUE(own);
    EXPECT_TRUE(open_process({getpid(), *own}));
    EXPECT_FALSE(open_process({getpid(), *own + 1}));
    EXPECT_FALSE(start_time_of(0x7ffffff0));

    const pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_NAME, ") R 1 1");  // a name that looks like the fields after it
        pause();
        _exit(0);
    }
    while (start_time_of(child) == std::nullopt)
        continue;
    const ProcessName name = {child, *start_time_of(child)};
    const UniqueFd process = open_process(name);
    ASSERT_TRUE(process);
    EXPECT_FALSE(wait_ended(process, milliseconds(10)));
    kill_process(process);
    EXPECT_TRUE(wait_ended(process, milliseconds(5000)));
    EXPECT_FALSE(open_process(name));  // dead, though nobody has collected it
    waitpid(child, nullptr, 0);
    EXPECT_FALSE(open_process(name));
}

}  // namespace
}  // namespace host_bottle
