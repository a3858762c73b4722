#include <botbottle/request.hpp>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "operations.h"

namespace provider_claude {
namespace {

using botbottle::plugin::member;
using botbottle::plugin::optional_text;
using botbottle::plugin::text_member;
using nlohmann::json;

// How the credential goes out, and what stands in for it inside the bottle. The client chooses its
// headers and its default model by the kind of its credential, so the placeholder must be of the
// same kind as the real one.
struct CredentialKind {
    const char* variable;
    const char* placeholder;
    bool needs_approval;
    json auth;
};

CredentialKind oauth_token() {
    return {"CLAUDE_CODE_OAUTH_TOKEN",
            "sk-ant-oat01-botbottle-placeholder",
            false,
            {{"scheme", "Bearer"}, {"secret", "token"}}};
}

CredentialKind api_key() {
    return {"ANTHROPIC_API_KEY",
            "sk-ant-api03-botbottle-placeholder",
            true,
            {{"scheme", "header"}, {"name", "x-api-key"}, {"secret", "token"}}};
}

// What does not look like an API key is taken for an OAuth token.
CredentialKind kind_of(const json& request, const std::string& host_variable) {
    constexpr std::string_view kApiKey = "sk-ant-api";
    const json& shape = member(member(request, "secret_shapes"), host_variable.c_str());
    return optional_text(shape, "prefix").starts_with(kApiKey) ? api_key() : oauth_token();
}

// The client asks before it uses an API key from the environment, unless the last twenty characters
// of the key are listed as approved.
std::string approval_id(std::string_view key) {
    constexpr std::size_t kLength = 20;
    return std::string(key.size() > kLength ? key.substr(key.size() - kLength) : key);
}

// Answers to the questions of a first start: onboarding, the trust in the workspace, the warning
// about skipped permissions (its default is "No, exit").
std::string client_state(const std::string& workspace, const std::optional<CredentialKind>& kind,
                         const std::string& supervise_url) {
    json state = {{"hasCompletedOnboarding", true},
                  {"bypassPermissionsModeAccepted", true},
                  {"projects", {{workspace, {{"hasTrustDialogAccepted", true}}}}}};
    if (kind && kind->needs_approval) {
        state["customApiKeyResponses"] = {
            {"approved", json::array({approval_id(kind->placeholder)})},
            {"rejected", json::array()}};
    }
    if (!supervise_url.empty()) {
        constexpr int kToolTimeoutMs = 900'000;  // a person may have to answer first
        state["mcpServers"]["supervise"] = {
            {"type", "http"}, {"url", supervise_url}, {"timeout", kToolTimeoutMs}};
    }
    return state.dump(2) + "\n";
}

}  // namespace

json provision(const json& request) {
    const json& guest = member(request, "guest");
    const std::string home = text_member(guest, "home");
    const std::string workspace = text_member(guest, "workspace");
    const std::string ca_certificate = text_member(guest, "ca_certificate");
    const std::string auth_token = optional_text(member(request, "settings"), "auth_token");
    std::optional<CredentialKind> kind;
    if (!auth_token.empty()) kind = kind_of(request, auth_token);

    std::string supervise_url;
    if (const auto supervise = request.find("supervise");
        supervise != request.end() && supervise->is_object())
        supervise_url = text_member(*supervise, "url");

    json plan = {
        {"schema", "botbottle.provider-plan/1"},
        {"command", "claude"},
        {"env",
         {// Telemetry, update checks and the rest of what is not a turn.
          {"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1"},
          {"DISABLE_ERROR_REPORTING", "1"},
          {"DISABLE_AUTOUPDATER", "1"},
          {"CLAUDE_CODE_DISABLE_OFFICIAL_MARKETPLACE_AUTOINSTALL", "1"},
          // A bottle is a sandbox; without this the client refuses to skip permissions as uid 0.
          {"IS_SANDBOX", "1"},
          {"NODE_EXTRA_CA_CERTS", ca_certificate}}},
        {"hidden_env", json::array()},
        {"directories", json::array({{{"path", home + "/.claude"}, {"mode", "0700"}}})},
        {"files", json::array({{{"path", home + "/.claude.json"},
                                {"mode", "0600"},
                                {"content", client_state(workspace, kind, supervise_url)}}})},
        {"pre_copy", json::array()},
        {"verify", json::array({json::array({"claude", "--version"})})},
        {"skills_directory", home + "/.claude/skills"},
        {"conversation", json::array({home + "/.claude/projects"})},
        {"routes", json::array()},
        {"secrets", json::object()},
    };
    // Without a credential of the operator's, the bottle decides where the agent may log in.
    if (!kind) return plan;
    plan["env"][kind->variable] = kind->placeholder;
    plan["hidden_env"].push_back(kind->variable);
    // The calls of a turn and what lies below them (counting tokens, batches), and not the rest of
    // the API: files, the account.
    plan["routes"].push_back(
        {{"host", "api.anthropic.com"},
         {"ports", json::array({443})},
         {"path_allowlist",
          {"/v1/messages", "/api/claude_code/settings", "/api/claude_code/policy_limits"}},
         {"auth", kind->auth}});
    plan["secrets"]["token"] = {{"host_variable", auth_token}};
    return plan;
}

}  // namespace provider_claude
