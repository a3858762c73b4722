// Requests that wait for the operator: asked once, answered once, and not without bound.
#include "egress/holds.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <vector>

#include "egress/limits.h"

namespace botbottle::egress {
namespace {

const HeldRequest kRequest = {"github-token",
                              "the request's body holds a GitHub token",
                              "POST",
                              "https",
                              "api.example.com:443",
                              "/v1"};

TEST(Holds, AnswersTheOneThatAsked) {
    Holds holds;
    std::vector<nlohmann::json> told;
    EXPECT_EQ(holds.ask(kRequest, [](bool) {}), "") << "there is nobody to ask yet";
    holds.set_tell([&](const std::string& event, nlohmann::json params) {
        params["event"] = event;
        told.push_back(std::move(params));
    });
    std::vector<bool> first;
    std::vector<bool> second;
    const std::string one = holds.ask(kRequest, [&](bool allowed) { first.push_back(allowed); });
    const std::string two = holds.ask(kRequest, [&](bool allowed) { second.push_back(allowed); });
    ASSERT_NE(one, two);
    EXPECT_TRUE(holds.answer(two, true));
    EXPECT_FALSE(holds.answer(two, false)) << "once";
    EXPECT_FALSE(holds.answer("h0-1", true));
    EXPECT_TRUE(first.empty());
    EXPECT_EQ(second, std::vector<bool>{true});
    ASSERT_EQ(told.size(), 2U);
    EXPECT_EQ(told[0]["event"], "hold.asked");
    EXPECT_EQ(told[0]["hold"], one);
    EXPECT_EQ(told[0]["rule"], "github-token");
    EXPECT_EQ(told[0]["seconds"], kHoldTime.count());
    holds.end(one);
    holds.end(two);
    EXPECT_EQ(told.size(), 3U) << "that an answered one ended is no news";
    EXPECT_EQ(told[2]["event"], "hold.ended");
    EXPECT_FALSE(holds.answer(one, true));
    EXPECT_TRUE(first.empty());
}

TEST(Holds, SoManyAndNoMore) {
    Holds holds;
    holds.set_tell([](const std::string&, const nlohmann::json&) {});
    std::string last;
    for (std::size_t count = 0; count < kMostHeld; ++count) {
        last = holds.ask(kRequest, [](bool) {});
        EXPECT_NE(last, "");
    }
    EXPECT_EQ(holds.ask(kRequest, [](bool) {}), "");
    holds.end(last);
    EXPECT_NE(holds.ask(kRequest, [](bool) {}), "");
}

}  // namespace
}  // namespace botbottle::egress
