#include "operations.h"

#include <algorithm>
#include <botbottle/request.hpp>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

namespace provider_command {
namespace {

using botbottle::plugin::flag;
using botbottle::plugin::member;
using botbottle::plugin::OperationError;
using botbottle::plugin::optional_text;
using botbottle::plugin::strings;
using botbottle::plugin::text_member;
using nlohmann::json;

constexpr const char* kPlaceholder = "bot-bottle-placeholder";

[[noreturn]] void reject(const char* key, const std::string& why, const std::string& hint = {}) {
    throw OperationError(BOTBOTTLE_INVALID_REQUEST, "bad_setting",
                         std::string("agent_provider.") + key + ": " + why, hint);
}

std::string prompt_mode(const json& settings) {
    std::string mode = optional_text(settings, "prompt_mode");
    if (mode.empty()) return "argument";
    if (mode != "argument" && mode != "separated" && mode != "option" && mode != "none")
        reject("prompt_mode", "found \"" + mode + "\", allowed: argument, separated, option, none");
    return mode;
}

void check_prompt(const json& settings) {
    const bool has_option = !optional_text(settings, "prompt_option").empty();
    if (has_option != (prompt_mode(settings) == "option"))
        reject("prompt_option", "it and prompt_mode: option go together");
}

json environment(const json& settings) {
    json env = json::object();
    for (const std::string& entry : strings(settings, "env")) {
        const std::size_t equals = entry.find('=');
        if (equals == std::string::npos || equals == 0)
            reject("env", "found \"" + entry + "\", expected NAME=value");
        env[entry.substr(0, equals)] = entry.substr(equals + 1);
    }
    return env;
}

int port_of(const std::string& text, const std::string& entry) {
    if (text.empty() || text.size() > 5 ||
        text.find_first_not_of("0123456789") != std::string::npos)
        reject("routes", "found \"" + entry + "\", expected HOST, HOST:PORT or HOST/PATH");
    return std::stoi(text);
}

// One route for a host, whatever number of its ports and paths are named.
json routes(const json& settings) {
    struct Named {
        json ports = json::array();
        json paths = json::array();
        bool whole = false;  // once without a path
    };
    std::map<std::string, Named> hosts;
    for (const std::string& entry : strings(settings, "routes")) {
        const std::size_t slash = entry.find('/');
        const std::string authority = entry.substr(0, slash);
        const std::size_t colon = authority.rfind(':');
        const int port =
            colon == std::string::npos ? 443 : port_of(authority.substr(colon + 1), entry);
        if (authority.substr(0, colon).empty())
            reject("routes", "found \"" + entry + "\", expected HOST, HOST:PORT or HOST/PATH");
        Named& named = hosts[authority.substr(0, colon)];
        if (std::find(named.ports.begin(), named.ports.end(), port) == named.ports.end())
            named.ports.push_back(port);
        if (slash == std::string::npos)
            named.whole = true;
        else
            named.paths.push_back(entry.substr(slash));
    }
    json list = json::array();
    for (const auto& [host, named] : hosts) {
        json route = {{"host", host}, {"ports", named.ports}};
        if (!named.whole) route["path_allowlist"] = named.paths;
        list.push_back(std::move(route));
    }
    return list;
}

// The credential goes on outside; the agent gets something to hold in its place.
void add_credential(const json& settings, json& plan) {
    const std::string variable = optional_text(settings, "auth_token");
    const std::string header = optional_text(settings, "auth_header");
    const std::string name = optional_text(settings, "auth_env");
    if (variable.empty()) {
        if (!header.empty()) reject("auth_header", "there is no auth_token to put into it");
        if (!name.empty()) reject("auth_env", "there is no auth_token to stand in for");
        return;
    }
    if (plan["routes"].empty()) reject("auth_token", "there are no routes that it could be for");
    for (json& route : plan["routes"]) {
        route["auth"] = {{"secret", "token"}, {"scheme", header.empty() ? "Bearer" : "header"}};
        if (!header.empty()) route["auth"]["name"] = header;
    }
    plan["secrets"]["token"] = {{"host_variable", variable}};
    if (name.empty()) return;
    if (plan["env"].contains(name)) reject("auth_env", "env sets " + name + ", too");
    plan["env"][name] = kPlaceholder;
    plan["hidden_env"].push_back(name);
}

void add_instructions(const json& request, const json& settings, const std::string& home,
                      json& plan) {
    const std::string file = optional_text(settings, "instructions_file");
    const std::string prompt = optional_text(request, "prompt");
    if (file.empty() || prompt.empty()) return;
    if (file.front() == '/')
        reject("instructions_file", "it lies below the agent's home: no \"/\"");
    plan["files"].push_back(
        {{"path", home + '/' + file}, {"mode", "0600"}, {"content", prompt + "\n"}});
}

// What a backend must keep whose bottles have a home only while they run.
json conversation(const json& settings, const std::string& home) {
    json paths = json::array();
    for (const std::string& directory : strings(settings, "conversation")) {
        if (directory.empty() || directory.front() == '/')
            reject("conversation",
                   "found \"" + directory + "\", expected a directory below its home: no \"/\"");
        std::string path = home + '/';
        path += directory;
        paths.push_back(std::move(path));
    }
    return paths;
}

}  // namespace

json provision(const json& request) {
    const json& settings = member(request, "settings");
    const std::string home = text_member(member(request, "guest"), "home");
    check_prompt(settings);
    if (flag(request, "headless") && prompt_mode(settings) == "none")
        reject("prompt_mode", "none: this agent takes no --prompt", "start it without --prompt");
    json plan = {{"schema", "botbottle.provider-plan/1"},
                 {"command", text_member(settings, "command")},
                 {"env", environment(settings)},
                 {"hidden_env", json::array()},
                 {"files", json::array()},
                 {"conversation", conversation(settings, home)},
                 {"routes", routes(settings)},
                 {"secrets", json::object()}};
    add_credential(settings, plan);
    add_instructions(request, settings, home, plan);
    return plan;
}

json command_line(const json& request) {
    const json& settings = member(request, "settings");
    const std::string prompt = optional_text(request, "headless_prompt");
    std::vector<std::string> argv = {text_member(settings, "command")};
    const auto add = [&argv](const std::vector<std::string>& words) {
        argv.insert(argv.end(), words.begin(), words.end());
    };
    add(strings(settings, "arguments"));
    if (!prompt.empty()) add(strings(settings, "headless_arguments"));
    if (flag(request, "resume")) add(strings(settings, "resume_arguments"));
    add(strings(request, "arguments"));
    if (prompt.empty()) return {{"argv", argv}};
    const std::string mode = prompt_mode(settings);
    if (mode == "argument" && prompt.front() == '-')
        reject("prompt_mode", "argument: a prompt that begins with a dash would be an option",
               "use prompt_mode: separated or option");
    if (mode == "separated") argv.emplace_back("--");
    if (mode == "option") argv.push_back(text_member(settings, "prompt_option"));
    argv.push_back(prompt);
    return {{"argv", argv}};
}

}  // namespace provider_command
