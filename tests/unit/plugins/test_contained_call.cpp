// What a plugin's code may do to its caller: return, throw, or never return.
#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <stdexcept>

#include "plugins/contained_call.h"

namespace botbottle {
namespace {

using namespace std::chrono_literals;

TEST(ContainedCall, WhatReturnsAndWhatThrows) {
    int calls = 0;
    const auto good = [&calls] { ++calls; };
    EXPECT_EQ(call_contained(good), CallOutcome::Returned);
    EXPECT_EQ(call_contained(good, 1h), CallOutcome::Returned);
    EXPECT_EQ(calls, 2);
    for (const auto& bad : {std::function<void()>([] { throw std::runtime_error("no"); }),
                            std::function<void()>([] { throw 7; })}) {
        EXPECT_EQ(call_contained(bad), CallOutcome::Threw);
        EXPECT_EQ(call_contained(bad, 1h), CallOutcome::Threw);
    }
}

TEST(ContainedCall, WhatNeverReturnsIsLeftBehind) {
    const auto gate = std::make_shared<std::promise<void>>();
    const auto gone = std::make_shared<std::promise<void>>();
    const auto outcome = call_contained(
        [gate, gone] {
            gate->get_future().wait();
            gone->set_value();
        },
        20ms);
    EXPECT_EQ(outcome, CallOutcome::Hangs);
    gate->set_value();  // what it holds is still there
    gone->get_future().wait();
}

}  // namespace
}  // namespace botbottle
