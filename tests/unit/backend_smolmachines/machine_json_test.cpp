#include "machine_json.h"

#include <gtest/gtest.h>

#include "health.h"
#include "scratch.h"

namespace backend_smolmachines {
namespace {

TEST(MachineJson, UnknownKeysAreFine) {
    const auto machines = parse_machines(R"([
      {"name": "a", "state": "running", "pid": 12, "network": false, "labels": {"owner": "botbottle", "n": 3},
       "new_key": {"deep": []}},
      {"name": "b", "state": "created", "pid": null},
      {"state": "running"}, "nonsense"])");
    ASSERT_TRUE(machines);
    ASSERT_EQ(machines->size(), 2U);
    EXPECT_EQ(machines->at(0).pid, 12);
    EXPECT_EQ(machines->at(0).label("owner"), "botbottle");
    EXPECT_EQ(machines->at(0).label("n"), "");
    EXPECT_TRUE(machines->at(0).alive());
    EXPECT_FALSE(machines->at(1).alive());
    EXPECT_EQ(machines->at(1).pid, 0);
}

TEST(MachineJson, WhatIsNoListIsNone) {
    for (const char* const text : {"", "{}", "null", "No machines found", "[", "1"})
        EXPECT_FALSE(parse_machines(text)) << text;
    EXPECT_TRUE(parse_machines("[]")->empty());
    EXPECT_FALSE(parse_machine("[]"));
    EXPECT_FALSE(parse_machine(R"({"name": 5})"));
}

TEST(MachineJson, StatesInWhichSomethingMayRun) {
    for (const char* const state : {"running", "unreachable", "frozen", "paused", ""})
        EXPECT_TRUE(
            parse_machine(std::string(R"({"name": "a", "state": ")") + state + "\"}")->alive())
            << state;
    for (const char* const state : {"created", "stopped", "failed"})
        EXPECT_FALSE(
            parse_machine(std::string(R"({"name": "a", "state": ")") + state + "\"}")->alive())
            << state;
}

constexpr const char* kWell =
    R"({"ready": true, "failure": "", "loopback": true, "writable": true, "owner": 1000, "leaks": []})";

std::string refusal(const std::string& text) {
    return host_bottle::code_of([&] { refuse_unhealthy(parse_health(text), {1000, 1000}); });
}

std::string with(const std::string& from, const std::string& to) {
    std::string text = kWell;
    return text.replace(text.find(from), from.size(), to);
}

TEST(Health, OnlyAMachineThatIsWellIsLetThrough) {
    EXPECT_EQ(refusal(kWell), "");
    EXPECT_EQ(refusal(with("\"leaks\": []", R"("leaks": ["TCP 1.1.1.1:443"])")), "machine_leaks");
    EXPECT_EQ(refusal(with("\"ready\": true", "\"ready\": false")), "machine_unhealthy");
    EXPECT_EQ(refusal(with("\"failure\": \"\"", "\"failure\": \"mount: x\"")), "machine_unhealthy");
    EXPECT_EQ(refusal(with("\"writable\": true", "\"writable\": false")), "machine_unhealthy");
    EXPECT_EQ(refusal(with("1000", "0")), "machine_unhealthy");
    for (const char* const text : {"", "{}", "hello", "[]", R"({"ready": true})"})
        EXPECT_EQ(refusal(text), "machine_unhealthy") << text;
}

}  // namespace
}  // namespace backend_smolmachines
