// A process is the one that was meant, whatever it calls itself.
#include "warden/bottle_process.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>

namespace botbottle::warden {
namespace {

// Fields 3 to 21, and the rest after the start time.
const std::string kBefore = " S 1 42 42 0 -1 4194304 100 0 0 0 1 2 0 0 20 0 1 0 ";
const std::string kAfter = " 2621440 200 18446744073709551615 1 1 0 0 0 0 0\n";

std::string stat_with(const std::string& name, const std::string& start_time) {
    std::string text = "42 ";
    return text.append(name).append(kBefore).append(start_time).append(kAfter);
}

TEST(StartTimeInStat, SurvivesNames) {
    for (const std::string name : {"(sleep)", "(a b)", "(a) S 1 (b)", "())", "(\n)", "(1 2 3 4 5)"})
        EXPECT_EQ(start_time_in_stat(stat_with(name, "987654")), 987654U) << name;
}

TEST(StartTimeInStat, RefusesWhatIsNoStat) {
    const struct {
        const char* what;
        std::string text;
    } cases[] = {
        {"empty", ""},
        {"no name", "42 sleep S 1 42"},
        {"cut before the field", "42 (sleep)" + kBefore},
        {"cut in the field", "42 (sleep)" + kBefore + "98765"},
        {"a negative number", stat_with("(sleep)", "-5")},
        {"no number", stat_with("(sleep)", "x")},
        {"a number that does not fit", stat_with("(sleep)", "18446744073709551616")},
    };
    for (const auto& c : cases)
        EXPECT_FALSE(start_time_in_stat(c.text)) << c.what;
}

std::uint64_t start_time_of(pid_t pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    std::stringstream text;
    text << file.rdbuf();
    return start_time_in_stat(text.str()).value();
}

TEST(OpenProcess, OnlyTheOneThatWasMeant) {
    const pid_t self = getpid();
    EXPECT_TRUE(open_process(self, start_time_of(self)));
    EXPECT_FALSE(open_process(self, start_time_of(self) + 1));
    EXPECT_FALSE(open_process(-1, 0));
    EXPECT_FALSE(open_process(0, 0));
}

TEST(OpenProcess, NotOneThatEnded) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        pause();
        _exit(0);
    }
    const std::uint64_t started = start_time_of(child);
    EXPECT_TRUE(open_process(child, started));
    kill(child, SIGKILL);
    siginfo_t info = {};
    ASSERT_EQ(waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT), 0);
    EXPECT_FALSE(open_process(child, started)) << "a zombie";
    ASSERT_EQ(waitpid(child, nullptr, 0), child);
    EXPECT_FALSE(open_process(child, started)) << "reaped";
}

}  // namespace
}  // namespace botbottle::warden
