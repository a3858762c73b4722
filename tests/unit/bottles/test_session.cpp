#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <QJsonArray>
#include <thread>

#include "bottles/session.h"
#include "scratch.h"

namespace botbottle {
namespace {

// An attach reply whose client is a shell script.
QJsonObject reply(const QString& script, bool with_result) {
    QJsonObject object = {
        {QStringLiteral("argv"),
         QJsonArray{QStringLiteral("/bin/sh"), QStringLiteral("-c"), script}},
        {QStringLiteral("inherit"),
         QJsonArray{QJsonObject{{QStringLiteral("fd"), 3},
                                {QStringLiteral("content"), QStringLiteral("the request")}}}}};
    if (with_result) object[QStringLiteral("result_fd")] = 4;
    return object;
}

struct Row {
    const char* script;
    bool with_result;
    int code;  // -1: an error
};

const Row kRows[] = {
    {"exit 0", false, 0},
    {"exit 42", false, 42},
    {"kill -9 $$", false, 137},
    {"echo '{\"outcome\": \"exited\", \"code\": 7}' >&4", true, 7},
    {"echo '{\"outcome\": \"signaled\", \"signal\": 15}' >&4", true, 143},
    {"echo '{\"outcome\": \"detached\"}' >&4", true, 0},
    {"echo '{\"outcome\": \"failed\", \"code\": \"lost\", \"message\": \"gone\"}' >&4", true, -1},
    // A client that is killed, or says nothing sensible, has not told how the session ended.
    {"kill -9 $$", true, -1},
    {"echo nonsense >&4", true, -1},
    // What it inherits: the request on 3, readable and not writable, and nothing else.
    {"test \"$(cat <&3)\" = 'the request'", false, 0},
    {"echo x 2>/dev/null >&3 && exit 1; exit 0", false, 0},
    {"ls -l /proc/self/fd | grep -c ' [4-9] -> \\|[0-9][0-9] -> ' | grep -qx '[01]'", false, 0},
};

TEST(Session, ReportsHowItEnded) {
    for (const Row& row : kRows) {
        const auto end =
            run_session(reply(QLatin1String(row.script), row.with_result), SessionInput::Nothing);
        if (row.code < 0)
            EXPECT_FALSE(end) << row.script;
        else
            EXPECT_EQ(end ? exit_code(*end) : -1, row.code) << row.script;
    }
}

TEST(Session, GivesTheClientNoSecretOfOurEnvironment) {
    setenv("BOTBOTTLE_TEST_SECRET", "hunter2", 1);
    const auto end =
        run_session(reply(QStringLiteral("env | grep -q hunter2"), false), SessionInput::Nothing);
    unsetenv("BOTBOTTLE_TEST_SECRET");
    ASSERT_TRUE(end);
    EXPECT_EQ(exit_code(*end), 1);
}

TEST(Session, PassesTerminationOnAndOutlivesCtrlC) {
    const pid_t self = getpid();
    std::thread sender([self] {
        usleep(200'000);
        kill(self, SIGINT);
        kill(self, SIGTERM);
    });
    const auto end = run_session(
        reply(QStringLiteral("trap 'exit 55' TERM; while :; do sleep 0.05; done"), false),
        SessionInput::Nothing);
    sender.join();
    ASSERT_TRUE(end);
    EXPECT_EQ(exit_code(*end), 55);
}

TEST(Session, RefusesABadReply) {
    EXPECT_EQ(run_session({}, SessionInput::Nothing).error().code, "bad_reply");
    QJsonObject bad = reply(QStringLiteral("true"), false);
    bad[QStringLiteral("inherit")] =
        QJsonArray{QJsonObject{{QStringLiteral("fd"), 1}, {QStringLiteral("content"), QString()}}};
    EXPECT_EQ(run_session(bad, SessionInput::Nothing).error().code, "bad_reply");
}

}  // namespace
}  // namespace botbottle
