#include <botbottle/request.hpp>
#include <chrono>
#include <nlohmann/json.hpp>
#include <string>

#include "auth_file.h"
#include "operations.h"

namespace provider_codex {
namespace {

using botbottle::plugin::flag;
using botbottle::plugin::member;
using botbottle::plugin::optional_text;
using botbottle::plugin::text_member;
using nlohmann::json;

constexpr int kToolTimeoutSeconds = 900;  // a person may have to answer first

std::int64_t now() {
    using namespace std::chrono;
    return duration_cast<seconds>(system_clock::now().time_since_epoch()).count();
}

// A basic string of TOML 1.0 is written as one of JSON, but that DEL must be escaped, too.
std::string toml_string(const std::string& text) {
    return botbottle::plugin::json_string(text);
}

// Telemetry, updates and the rest of what is not a turn are off; the workspace is trusted.
std::string config(const std::string& workspace, const std::string& supervise_url) {
    std::string text =
        "check_for_update_on_startup = false\n"
        "cli_auth_credentials_store = \"file\"\n"
        "[analytics]\nenabled = false\n"
        "[otel]\nmetrics_exporter = \"none\"\nexporter = \"none\"\ntrace_exporter = \"none\"\n"
        "[features]\napps = false\nplugins = false\nremote_plugin = false\n"
        "tool_suggest = false\ndaemon_auto_start = false\n"
        "[projects." +
        toml_string(workspace) + "]\ntrust_level = \"trusted\"\n";
    if (supervise_url.empty()) return text;
    return text + "[mcp_servers.supervise]\nurl = " + toml_string(supervise_url) +
           "\ntool_timeout_sec = " + std::to_string(kToolTimeoutSeconds) + "\n";
}

// The calls of a turn and of the terminal's status lines, not the rest of the account: tasks in the
// cloud, files, conversations.
json chatgpt_route() {
    return {
        {"host", "chatgpt.com"},
        {"ports", {443}},
        {"path_allowlist",
         {"/backend-api/codex/responses", "/backend-api/codex/models",
          "/backend-api/wham/accounts/check", "/backend-api/wham/settings/user",
          "/backend-api/wham/usage"}},
        // The cookies of the network in front of it, which otherwise asks for proof of a browser.
        {"auth", {{"scheme", "Bearer"}, {"secret", "access-token"}, {"cookies", true}}}};
}

json api_route() {
    return {{"host", "api.openai.com"},
            {"ports", {443}},
            {"path_allowlist", {"/v1/responses", "/v1/models"}},
            {"auth", {{"scheme", "Bearer"}, {"secret", "api-key"}}}};
}

// With an API key, too, the client asks there which models there are, and tries for ten seconds
// when the host is closed. Nothing is put on, and whatever the client sends as a credential is
// taken off.
json models_route() {
    return {{"host", "chatgpt.com"},
            {"ports", {443}},
            {"methods", {"GET"}},
            {"path_allowlist", {"/backend-api/codex/models"}}};
}

// The host's login: its file must be one that can be used now.
void forward_login(const json& request, const std::string& codex_home, json& plan) {
    const json& file = member(member(request, "host_files"), "auth");
    const std::string path = text_member(file, "path");
    const std::string problem = optional_text(file, "problem");
    if (!problem.empty()) reject_credentials(path, problem);
    plan["files"].push_back(
        {{"path", codex_home + "/auth.json"},
         {"mode", "0600"},
         {"content", guest_auth_file(text_member(file, "content"), path, now())}});
    plan["routes"].push_back(chatgpt_route());
    plan["secrets"]["access-token"] = {{"host_file", "auth"},
                                       {"pointer", "/tokens/access_token"},
                                       {"expiry", "jwt"},
                                       {"renew", "codex login --device-auth"}};
}

void use_api_key(const json& request, const std::string& variable, const std::string& codex_home,
                 json& plan) {
    const json& shape = member(member(request, "secret_shapes"), variable.c_str());
    // A JWT is a login, and a login cannot be used as a key.
    if (optional_text(shape, "prefix").starts_with("eyJ"))
        throw botbottle::plugin::OperationError(
            BOTBOTTLE_UNAVAILABLE, "credentials_unusable",
            "auth_token: " + variable + " holds a login's token, not an API key",
            "for a ChatGPT login write: forward_host_credentials: true");
    plan["files"].push_back(
        {{"path", codex_home + "/auth.json"}, {"mode", "0600"}, {"content", api_key_auth_file()}});
    plan["routes"].push_back(api_route());
    plan["routes"].push_back(models_route());
    plan["secrets"]["api-key"] = {{"host_variable", variable}};
}

}  // namespace

json provision(const json& request) {
    const json& guest = member(request, "guest");
    const std::string codex_home = text_member(guest, "home") + "/.codex";
    const json& settings = member(request, "settings");
    const std::string auth_token = optional_text(settings, "auth_token");
    const bool forward = flag(settings, "forward_host_credentials");
    std::string supervise_url;
    if (const auto supervise = request.find("supervise");
        supervise != request.end() && supervise->is_object())
        supervise_url = text_member(*supervise, "url");

    json plan = {
        {"schema", "botbottle.provider-plan/1"},
        {"command", "codex"},
        {"env", json::object()},
        {"hidden_env", json::array()},
        {"directories", json::array({{{"path", codex_home}, {"mode", "0700"}}})},
        {"files",
         json::array({{{"path", codex_home + "/config.toml"},
                       {"mode", "0600"},
                       {"content", config(text_member(guest, "workspace"), supervise_url)}}})},
        // What it remembers of another login would contradict this one's.
        {"pre_copy",
         json::array({json::array({"sh", "-c", "rm -f -- \"$1\"/*.sqlite*", "sh", codex_home})})},
        {"verify", json::array()},
        {"skills_directory", codex_home + "/skills"},
        {"conversation", json::array({codex_home + "/sessions"})},
        {"routes", json::array()},
        {"secrets", json::object()},
    };
    // Read at every start of the client, so that a conversation that goes on gets it, too.
    if (const std::string prompt = optional_text(request, "prompt"); !prompt.empty())
        plan["files"].push_back(
            {{"path", codex_home + "/AGENTS.md"}, {"mode", "0600"}, {"content", prompt + "\n"}});
    if (forward) {
        forward_login(request, codex_home, plan);
    } else if (!auth_token.empty()) {
        use_api_key(request, auth_token, codex_home, plan);
    } else {
        // Without a credential of the operator's, the bottle decides where the agent may log in.
        plan["verify"].push_back({"codex", "--version"});
        return plan;
    }
    plan["verify"].push_back({"codex", "login", "status"});
    return plan;
}

}  // namespace provider_codex
