// Sidecars that are shell scripts: all of them must answer before the group has started, the first
// failure is the group's, and stopping ends every one.
#include "warden/sidecar_group.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <csignal>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace botbottle::warden {
namespace {

using namespace std::chrono_literals;

constexpr const char* kServes = "read line <&3; echo '{\"id\":1,\"result\":{}}' >&3; read line <&3";
constexpr const char* kRefuses =
    "read line <&3; echo '{\"id\":1,\"error\":{\"code\":\"no\",\"message\":\"it will not\"}}' >&3; "
    "read line <&3";
constexpr const char* kWaits = "read line <&3; read line <&3";

class SidecarGroupTest : public ::testing::Test {
  protected:
    void SetUp() override { ASSERT_NE(mkdtemp(folder_.data()), nullptr); }
    void TearDown() override {
        for (const std::string& script : scripts_)
            unlink(script.c_str());
        rmdir(folder_.c_str());
    }

    void add(const std::string& name, const std::string& text) {
        const std::string script = folder_ + '/' + name;
        std::ofstream(script) << "#!/bin/sh\n" << text << '\n';
        chmod(script.c_str(), 0700);
        scripts_.push_back(script);
        SidecarPlan plan;
        plan.name = name;
        plan.program = script;
        plan.start_params = [] { return Result<nlohmann::json>(nlohmann::json::object()); };
        SidecarEvents events;
        events.died = [](pid_t, const std::string&) {};
        events.restarted = [](pid_t) {};
        events.gave_up = [] {};
        group_.add(std::move(plan), std::move(events));
    }

    // Runs until the group has answered.
    std::optional<Result<void>> start() {
        std::optional<Result<void>> answer;
        group_.start([&](const Result<void>& outcome) {
            EXPECT_FALSE(answer) << "answered twice";
            answer = outcome;
            io_.stop();
        });
        EXPECT_FALSE(answer) << "answered from inside start()";
        io_.run_for(10s);
        io_.restart();
        return answer;
    }

    bool stop() {
        bool stopped = false;
        group_.stop(5s, [&] {
            stopped = true;
            io_.stop();
        });
        EXPECT_FALSE(stopped) << "ended from inside stop()";
        io_.run_for(10s);
        return stopped;
    }

    std::vector<pid_t> pids() const {
        std::vector<pid_t> list;
        for (const auto& status : group_.status())
            if (status["pid"].is_number()) list.push_back(status["pid"].get<pid_t>());
        return list;
    }

    std::string folder_ = "/tmp/sidecar_group_XXXXXX";
    std::vector<std::string> scripts_;
    boost::asio::io_context io_;
    SidecarGroup group_{io_};
};

TEST_F(SidecarGroupTest, StartsWhenEveryOneHasAnswered) {
    add("one", kServes);
    add("two", kServes);
    const auto answer = start();
    ASSERT_TRUE(answer && *answer);
    const auto status = group_.status();
    ASSERT_EQ(status.size(), 2u);
    EXPECT_EQ(status[0]["name"], "one");
    EXPECT_EQ(status[0]["state"], "running");
    EXPECT_EQ(status[1]["name"], "two");
    EXPECT_EQ(status[1]["state"], "running");
    EXPECT_NE(group_.find("two"), nullptr);
    EXPECT_EQ(group_.find("three"), nullptr);
    const auto children = pids();
    EXPECT_TRUE(stop());
    ASSERT_EQ(children.size(), 2u);
    for (const pid_t pid : children)
        EXPECT_NE(kill(pid, 0), 0);
}

TEST_F(SidecarGroupTest, OneThatRefusesIsTheGroupsFailureThoughOthersStillWait) {
    add("waits", kWaits);
    add("refuses", kRefuses);
    const auto answer = start();
    ASSERT_TRUE(answer);
    ASSERT_FALSE(*answer);
    EXPECT_EQ(answer->error().message, "it will not");
    EXPECT_TRUE(stop());
    EXPECT_TRUE(pids().empty());
}

TEST_F(SidecarGroupTest, OneThatCannotBeStartedIsTheGroupsFailure) {
    add("serves", kServes);
    add("missing", kServes);
    unlink(scripts_.back().c_str());
    const auto answer = start();
    ASSERT_TRUE(answer);
    ASSERT_FALSE(*answer);
    EXPECT_EQ(answer->error().code, "sidecar_spawn");
    EXPECT_TRUE(stop());
    EXPECT_TRUE(pids().empty());
}

TEST_F(SidecarGroupTest, AnEmptyOneEnds) {
    EXPECT_TRUE(stop());
}

}  // namespace
}  // namespace botbottle::warden
