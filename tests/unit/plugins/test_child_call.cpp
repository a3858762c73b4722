// A plugin's code in a child: whatever it does to its process, this one goes on.
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <stdexcept>

#include "plugins/child_call.h"
#include "plugins/crash_note.h"

namespace botbottle {
namespace {

using namespace std::chrono_literals;
using Kind = ChildOutcome::Kind;

ChildOutcome call(const std::function<void()>& work, std::chrono::milliseconds limit = 60s) {
    return call_in_child([&](const ChildChannel&) { work(); }, [](char, const QByteArray&) {},
                         limit);
}

TEST(ChildCall, WhatIsSentArrivesInOrderAndWhole) {
    const QByteArray large(3'000'000, 'x');
    QByteArray got;
    const auto outcome = call_in_child(
        [&](const ChildChannel& channel) {
            channel.send('a', "first");
            channel.send('b', large);
            channel.send('c', {});
        },
        [&](char kind, const QByteArray& content) {
            got += kind + QByteArray::number(content.size()) + ' ';
            EXPECT_TRUE(kind != 'b' || content == large);
        },
        60s);
    EXPECT_EQ(outcome.kind, Kind::Returned);
    EXPECT_EQ(got.toStdString(), "a5 b3000000 c0 ");
}

TEST(ChildCall, EveryWayToEnd) {
    static int memory = 0;
    EXPECT_EQ(call([] { memory = 7; }).kind, Kind::Returned);
    EXPECT_EQ(memory, 0) << "what it changed is the child's";
    EXPECT_EQ(call([] { throw std::runtime_error("no"); }).kind, Kind::Threw);
    EXPECT_EQ(call([] { throw 7; }).kind, Kind::Threw);
    for (const int number : {SIGKILL, SIGTERM}) {
        const auto outcome = call([number] { raise(number); });
        EXPECT_EQ(outcome.kind, Kind::Crashed);
        EXPECT_EQ(outcome.number, number);
    }
    for (const int code : {0, 3}) {
        const auto outcome = call([code] { _exit(code); });
        EXPECT_EQ(outcome.kind, Kind::Ended);
        EXPECT_EQ(outcome.number, code);
    }
}

TEST(ChildCall, WhatHangsIsKilledWithWhatItStarted) {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    const auto outcome = call(
        [&] {
            if (fork() == 0) {
                close(ends[0]);
                for (;;)
                    pause();
            }
            for (;;)
                pause();
        },
        200ms);
    EXPECT_EQ(outcome.kind, Kind::Hangs);
    close(ends[1]);
    char byte = 0;
    EXPECT_EQ(read(ends[0], &byte, 1), 0) << "nobody holds the other end any more";
    close(ends[0]);
}

using CrashNoteDeathTest = ::testing::Test;

TEST_F(CrashNoteDeathTest, ACrashSaysWhichPluginRan) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_DEATH(
        {
            const CrashNote note("plugin bare: launch");
            raise(SIGSEGV);
        },
        "botbottle: error: plugin bare: launch crashed \\(Segmentation fault\\)");
    EXPECT_DEATH(
        {
            const CrashNote outer("plugin bare: launch");
            { const CrashNote inner("plugin other: describe"); }
            std::abort();
        },
        "plugin bare: launch crashed \\(Aborted\\)");
    EXPECT_EXIT(
        {
            const CrashNote note("plugin bare: stop");
            std::exit(0);
        },
        ::testing::ExitedWithCode(0), "plugin bare: stop ended the process");
}

}  // namespace
}  // namespace botbottle
