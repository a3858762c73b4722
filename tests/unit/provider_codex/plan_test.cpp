#include <gtest/gtest.h>

#include <botbottle/plugin.hpp>
#include <nlohmann/json.hpp>
#include <string>

#include "operations.h"

namespace provider_codex {
namespace {

using nlohmann::json;

json request(const json& settings) {
    return {{"guest", {{"home", "/home/agent"}, {"workspace", "/workspace"}, {"user", "agent"}}},
            {"settings", settings},
            {"secret_shapes",
             {{"KEY", {{"prefix", "sk-proj-"}, {"length", 100}}},
              {"LOGIN", {{"prefix", "eyJhbGciOi"}, {"length", 900}}}}},
            {"prompt", "be brief"},
            {"supervise", nullptr}};
}

std::string message_of(const json& settings) {
    try {
        (void)provision(request(settings));
    } catch (const botbottle::plugin::OperationError& error) {
        return error.message();
    }
    return "accepted";
}

std::string content_of(const json& plan, const std::string& path) {
    for (const json& file : plan["files"]) {
        if (file["path"] == path) return file["content"];
    }
    return {};
}

TEST(CodexPlan, ApiKeyGoesToTheApiAlone) {
    const json plan = provision(request({{"auth_token", "KEY"}}));
    ASSERT_EQ(plan["routes"].size(), 2u);
    EXPECT_EQ(plan["routes"][0]["host"], "api.openai.com");
    EXPECT_EQ(plan["routes"][0]["auth"], json({{"scheme", "Bearer"}, {"secret", "api-key"}}));
    EXPECT_FALSE(plan["routes"][1].contains("auth"));
    EXPECT_EQ(plan["secrets"], json({{"api-key", {{"host_variable", "KEY"}}}}));
    EXPECT_EQ(content_of(plan, "/home/agent/.codex/AGENTS.md"), "be brief\n");
}

TEST(CodexPlan, WithoutACredentialNothingIsOpened) {
    const json plan = provision(request(json::object()));
    EXPECT_EQ(plan["routes"], json::array());
    EXPECT_EQ(content_of(plan, "/home/agent/.codex/auth.json"), "");
    EXPECT_EQ(plan["verify"], json::array({json::array({"codex", "--version"})}));
}

TEST(CodexPlan, Refusals) {
    EXPECT_EQ(message_of({{"auth_token", "LOGIN"}}),
              "auth_token: LOGIN holds a login's token, not an API key");
    EXPECT_EQ(message_of({{"forward_host_credentials", true}}), "the request lacks \"host_files\"");
}

TEST(CodexPlan, SuperviseIsRegisteredWithAPatientTimeOut) {
    json with = request(json::object());
    with["supervise"] = {{"url", "http://127.0.0.1:9100/mcp"}};
    const std::string config = content_of(provision(with), "/home/agent/.codex/config.toml");
    EXPECT_NE(config.find("[mcp_servers.supervise]\nurl = \"http://127.0.0.1:9100/mcp\"\n"
                          "tool_timeout_sec = 900\n"),
              std::string::npos);
}

TEST(CodexCommandLine, EachForm) {
    const auto argv = [](const char* text) {
        return command_line(json::parse(text))["argv"].dump();
    };
    EXPECT_EQ(argv(R"({"arguments": []})"),
              R"(["codex","--dangerously-bypass-approvals-and-sandbox"])");
    EXPECT_EQ(argv(R"({"arguments": ["-m", "x"], "headless_prompt": "-hi"})"),
              R"(["codex","exec","--dangerously-bypass-approvals-and-sandbox","--json",)"
              R"("--skip-git-repo-check","-m","x","--","-hi"])");
    EXPECT_EQ(argv(R"({"arguments": [], "resume": true})"),
              R"(["codex","resume","--last","--include-non-interactive",)"
              R"("--dangerously-bypass-approvals-and-sandbox"])");
    EXPECT_EQ(argv(R"({"arguments": [], "resume": true, "headless_prompt": "go on"})"),
              R"(["codex","exec","resume","--last","--dangerously-bypass-approvals-and-sandbox",)"
              R"("--json","--skip-git-repo-check","--","go on"])");
    EXPECT_EQ(argv(R"({"arguments": [], "resume": true, "opening": "go on"})"),
              R"(["codex","resume","--last","--include-non-interactive",)"
              R"("--dangerously-bypass-approvals-and-sandbox","--","go on"])");
}

}  // namespace
}  // namespace provider_codex
