// One thread for all operations, and what becomes of one that hangs.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <future>
#include <stdexcept>
#include <thread>

#include "plugins/operation_thread.h"

namespace botbottle {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

TEST(OperationThreadTest, EveryOperationRunsOnTheSameThread) {
    OperationThread operations;
    std::thread::id first;
    std::thread::id second;
    EXPECT_EQ(operations.run([&] { first = std::this_thread::get_id(); }, {1h}),
              CallOutcome::Returned);
    EXPECT_EQ(operations.run([] { throw std::runtime_error("no"); }, {1h}), CallOutcome::Threw);
    EXPECT_EQ(operations.run([&] { second = std::this_thread::get_id(); }, {1h}),
              CallOutcome::Returned);
    EXPECT_EQ(first, second);
    EXPECT_NE(first, std::this_thread::get_id());
}

// A child that asks to die with the thread that made it.
TEST(OperationThreadTest, WhatItStartsOutlivesTheOperationAndTheObject) {
    pid_t child = -1;
    {
        OperationThread operations;
        operations.run(
            [&child] {
                child = fork();
                if (child != 0) return;
                prctl(PR_SET_PDEATHSIG, SIGKILL);
                for (;;)
                    pause();
            },
            {1h});
        operations.run([] {}, {1h});
    }
    std::this_thread::sleep_for(50ms);
    EXPECT_EQ(waitpid(child, nullptr, WNOHANG), 0) << "it lives";
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
}

TEST(OperationThreadTest, WhatGivesNoSignOfLifeIsGivenUp) {
    const auto gate = std::make_shared<std::promise<void>>();
    const auto gone = std::make_shared<std::promise<void>>();
    OperationThread operations;
    const auto outcome = operations.run(
        [gate, gone] {
            gate->get_future().wait();
            gone->set_value();
        },
        {50ms});
    EXPECT_EQ(outcome, CallOutcome::Hangs);
    gate->set_value();
    gone->get_future().wait();
}

TEST(OperationThreadTest, SignsOfLifeAreWaitedFor) {
    std::atomic<Clock::rep> last = Clock::now().time_since_epoch().count();
    Patience patience{1500ms};
    patience.last_sign_of_life = [&] { return Clock::time_point(Clock::duration(last.load())); };
    OperationThread operations;
    const auto outcome = operations.run(
        [&] {
            for (int i = 0; i < 20; ++i) {
                std::this_thread::sleep_for(100ms);
                last = Clock::now().time_since_epoch().count();
            }
        },
        patience);
    EXPECT_EQ(outcome, CallOutcome::Returned);
}

TEST(OperationThreadTest, AnInterruptIsGivenTimeAndNoMore) {
    Patience patience{1h, 2s};
    patience.interrupted = [] { return true; };
    OperationThread operations;
    EXPECT_EQ(operations.run([] { std::this_thread::sleep_for(50ms); }, patience),
              CallOutcome::Returned);
    const auto gate = std::make_shared<std::promise<void>>();
    EXPECT_EQ(operations.run([gate] { gate->get_future().wait(); }, patience), CallOutcome::Hangs);
    gate->set_value();
}

std::atomic<int> interrupts = 0;

// As if the operation ran here: a Ctrl-C ends its wait, and what it starts has our signal mask.
TEST(OperationThreadTest, SignalsReachTheOperation) {
    interrupts = 0;
    struct sigaction note = {};
    note.sa_handler = [](int) { ++interrupts; };
    struct sigaction before = {};
    sigaction(SIGUSR1, &note, &before);
    OperationThread operations;
    int seen = 0;
    bool blocked = true;
    operations.run(
        [&] {
            sigset_t mask;
            pthread_sigmask(SIG_SETMASK, nullptr, &mask);
            blocked = sigismember(&mask, SIGTERM) == 1;
            kill(getpid(), SIGUSR1);
            // Threads that earlier tests left behind may be still on their way to block it.
            const auto deadline = Clock::now() + 10s;
            while (interrupts == 0 && Clock::now() < deadline)
                std::this_thread::sleep_for(1ms);
            seen = interrupts;
        },
        {1h});
    sigaction(SIGUSR1, &before, nullptr);
    EXPECT_EQ(seen, 1);
    EXPECT_FALSE(blocked);
}

}  // namespace
}  // namespace botbottle
