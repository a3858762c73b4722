#include "operations.h"

#include <gtest/gtest.h>

#include <botbottle/plugin.hpp>
#include <nlohmann/json.hpp>
#include <string>

namespace provider_command {
namespace {

using nlohmann::json;

json plan(const char* settings, bool headless = false) {
    return provision({{"settings", json::parse(settings)},
                      {"guest", {{"home", "/home/agent"}}},
                      {"headless", headless},
                      {"prompt", "be brief"}});
}

std::string argv(const char* settings, const char* more) {
    json request = json::parse(more);
    request["settings"] = json::parse(settings);
    return command_line(request)["argv"].dump();
}

template <typename Function>
std::string refusal(Function function) {
    try {
        (void)function();
    } catch (const botbottle::plugin::OperationError& error) {
        return error.message();
    }
    return "accepted";
}

TEST(CommandPlan, EverySetting) {
    const json made = plan(R"({"command": "crow", "env": ["A=b=c"],
        "routes": ["api.example/v1", "api.example/v2", "b.example:8443", "c.example", "c.example/x"],
        "auth_token": "KEY", "auth_header": "x-key", "auth_env": "CROW_KEY",
        "instructions_file": ".crow/AGENTS.md", "conversation": [".crow/talks", ".local/crow"]})");
    EXPECT_EQ(made["conversation"],
              json::array({"/home/agent/.crow/talks", "/home/agent/.local/crow"}));
    EXPECT_EQ(made["command"], "crow");
    EXPECT_EQ(made["env"], json({{"A", "b=c"}, {"CROW_KEY", "bot-bottle-placeholder"}}));
    EXPECT_EQ(made["hidden_env"], json::array({"CROW_KEY"}));
    const json auth = {{"scheme", "header"}, {"name", "x-key"}, {"secret", "token"}};
    EXPECT_EQ(made["routes"],
              json::array({{{"host", "api.example"},
                            {"ports", {443}},
                            {"path_allowlist", {"/v1", "/v2"}},
                            {"auth", auth}},
                           {{"host", "b.example"}, {"ports", {8443}}, {"auth", auth}},
                           {{"host", "c.example"}, {"ports", {443}}, {"auth", auth}}}));
    EXPECT_EQ(made["secrets"], json({{"token", {{"host_variable", "KEY"}}}}));
    EXPECT_EQ(made["files"][0]["path"], "/home/agent/.crow/AGENTS.md");
    EXPECT_EQ(made["files"][0]["content"], "be brief\n");
}

TEST(CommandPlan, TheLeast) {
    const json made = plan(R"({"command": "crow"})");
    EXPECT_EQ(made["routes"], json::array());
    EXPECT_EQ(made["files"], json::array());
    EXPECT_EQ(made["conversation"], json::array());
}

TEST(CommandPlan, WhatIsRefused) {
    const std::pair<const char*, const char*> rows[] = {
        {R"({"command": "c", "prompt_mode": "psychic"})",
         "prompt_mode: found \"psychic\", allowed: argument, separated, option, none"},
        {R"({"command": "c", "prompt_mode": "option"})",
         "prompt_option: it and prompt_mode: option go together"},
        {R"({"command": "c", "prompt_option": "-p"})",
         "prompt_option: it and prompt_mode: option go together"},
        {R"({"command": "c", "env": ["A"]})", "env: found \"A\", expected NAME=value"},
        {R"({"command": "c", "routes": ["a.example:x"]})",
         "routes: found \"a.example:x\", expected HOST, HOST:PORT or HOST/PATH"},
        {R"({"command": "c", "routes": ["/path"]})",
         "routes: found \"/path\", expected HOST, HOST:PORT or HOST/PATH"},
        {R"({"command": "c", "auth_token": "K"})",
         "auth_token: there are no routes that it could be for"},
        {R"({"command": "c", "auth_header": "x"})",
         "auth_header: there is no auth_token to put into it"},
        {R"({"command": "c", "auth_env": "X"})",
         "auth_env: there is no auth_token to stand in for"},
        {R"({"command": "c", "routes": ["a"], "auth_token": "K", "auth_env": "X", "env": ["X=1"]})",
         "auth_env: env sets X, too"},
        {R"({"command": "c", "instructions_file": "/etc/x"})",
         "instructions_file: it lies below the agent's home: no \"/\""},
        {R"({"command": "c", "conversation": ["/home/agent/talks"]})",
         "conversation: found \"/home/agent/talks\", expected a directory below its home: no "
         "\"/\""},
        {R"({"command": "c", "prompt_mode": "none"})",
         "prompt_mode: none: this agent takes no --prompt"},
    };
    for (const auto& [settings, message] : rows)
        EXPECT_EQ(refusal([&] { return plan(settings, true); }),
                  std::string("agent_provider.") + message);
}

TEST(CommandLine, EachForm) {
    const char* all = R"({"command": "crow", "arguments": ["a"], "headless_arguments": ["run"],
                          "resume_arguments": ["--continue"]})";
    EXPECT_EQ(argv(all, R"({"arguments": ["x"]})"), R"(["crow","a","x"])");
    EXPECT_EQ(argv(all, R"({"arguments": [], "headless_prompt": "hi", "resume": true})"),
              R"(["crow","a","run","--continue","hi"])");
    EXPECT_EQ(
        argv(R"({"command": "c", "prompt_mode": "separated"})", R"({"headless_prompt": "-hi"})"),
        R"(["c","--","-hi"])");
    EXPECT_EQ(argv(R"({"command": "c", "prompt_mode": "option", "prompt_option": "-p"})",
                   R"({"headless_prompt": "-hi"})"),
              R"(["c","-p","-hi"])");
    EXPECT_NE(refusal([] {
                  return argv(R"({"command": "c"})", R"({"headless_prompt": "-hi"})");
              }).find("begins with a dash"),
              std::string::npos);
}

}  // namespace
}  // namespace provider_command
