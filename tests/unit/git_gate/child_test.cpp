// A program of git's that does not want to end.
#include "git-gate/child.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <optional>
#include <string>

namespace botbottle::git_gate {
namespace {

using namespace std::chrono_literals;

// Its exit code; nothing when it still runs after that time.
std::optional<int> end_of(const std::string& script, bool told, std::chrono::seconds time) {
    asio::io_context io;
    ChildPlan plan;
    plan.argv = {"sh", "-c", script};
    plan.environment = {std::string("PATH=") + kPath};
    auto ready = make_pipe();
    plan.descriptors = {-1, ready->write.get(), -1};
    const auto child = Child::start(io, plan);
    if (!child) return std::nullopt;
    ready->write.reset();
    char byte = 0;
    if (read(ready->read.get(), &byte, 1) != 1) return std::nullopt;
    std::optional<int> code;
    asio::co_spawn(
        io.get_executor(), [&]() -> Task<void> { code = co_await (*child)->wait(); },
        asio::detached);
    if (told) (*child)->terminate();
    io.run_for(time);
    if (!code) return code;
    // Nobody is left who could write.
    EXPECT_EQ(read(ready->read.get(), &byte, 1), 0);
    return code;
}

TEST(Child, EndsByItself) {
    EXPECT_EQ(end_of("echo; exit 3", false, 10s), 3);
}

TEST(Child, EndsWhenItIsTold) {
    EXPECT_EQ(end_of("echo; exec sleep 600", true, 4s), 128 + 15);
}

TEST(Child, IsKilledWithAllOfItsOwnWhenItDoesNotListen) {
    EXPECT_EQ(end_of("trap '' TERM; sleep 600 & echo; wait; sleep 600", true, 20s), 128 + 9);
}

TEST(Child, WhatItLeavesBehindEndsWithIt) {
    EXPECT_EQ(end_of("sleep 600 & echo; exit 0", false, 10s), 0);
}

}  // namespace
}  // namespace botbottle::git_gate
