// The host's auth.json of Codex: whatever it holds, no text of it longer than eight characters is
// in the bottle's, unless it is on the list. The names of members that are words may be.
#include <algorithm>
#include <botbottle/plugin.hpp>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "auth_file.h"
#include "jwt.h"

namespace {

using nlohmann::json;

constexpr std::int64_t kNow = 1'000'000'000;
constexpr std::size_t kShort = 8;

// Every string, JWTs opened; not deeper than the parser lets through.
void collect(const json& value, std::vector<std::string>& values, std::vector<std::string>& names) {
    if (value.is_string()) {
        values.push_back(value.get<std::string>());
        if (const auto inner = provider_codex::jwt_claims(values.back()))
            collect(*inner, values, names);
    }
    if (value.is_object()) {
        for (const auto& [name, item] : value.items()) {
            names.push_back(name);
            collect(item, values, names);
        }
    }
    if (value.is_array()) {
        for (const json& item : value)
            collect(item, values, names);
    }
}

// The account's id, where the bottle's file has it: in `tokens` and in the claims of both.
void collect_accounts(const json& value, std::vector<std::string>& found) {
    if (value.is_string()) {
        if (const auto inner = provider_codex::jwt_claims(value.get<std::string>()))
            collect_accounts(*inner, found);
    }
    if (!value.is_object()) return;
    for (const auto& [name, item] : value.items()) {
        if ((name == "account_id" || name == "chatgpt_account_id") && item.is_string())
            found.push_back(item.get<std::string>());
        collect_accounts(item, found);
    }
}

bool is_word(const std::string& text) {
    return text.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == std::string::npos;
}

// What every such file says, whatever the host's says: the constants of the format, and the time.
bool is_constant(const std::string& text) {
    static const char* const kConstants[] = {"chatgpt",
                                             "OPENAI_API_KEY",
                                             "placeholder",
                                             "bot-bottle-placeholder",
                                             "bot-bottle@example.invalid",
                                             "https://api.openai.com/auth",
                                             "2001-09-09T01:46:40Z"};
    return std::find(std::begin(kConstants), std::end(kConstants), text) != std::end(kConstants);
}

// What the list names: an account's id, a plan, and the constants.
bool may_be_told(const std::string& text) {
    return is_word(text) || is_constant(text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view content(reinterpret_cast<const char*>(data), size);
    std::string text;
    try {
        text = provider_codex::guest_auth_file(content, "/h/auth.json", kNow);
    } catch (const botbottle::plugin::OperationError&) {
        return 0;
    }
    const json guest = json::parse(text);
    std::vector<std::string> told;
    std::vector<std::string> told_names;
    collect(guest, told, told_names);
    for (const std::string& name : told_names) {
        if (!may_be_told(name)) std::abort();
    }
    std::vector<std::string> allowed;
    collect_accounts(guest, allowed);
    std::vector<std::string> secret;
    std::vector<std::string> names;
    collect(*provider_codex::parse_shallow(content), secret, names);
    for (const std::string& each : secret) {
        if (each.size() <= kShort || may_be_told(each)) continue;
        for (const std::string& shown : told) {
            // A piece of a constant that the host's file happens to hold is not from there.
            if (is_constant(shown) ||
                std::find(allowed.begin(), allowed.end(), shown) != allowed.end())
                continue;
            // Of a token of ours the claims are looked at, not their encoding.
            if (provider_codex::jwt_claims(shown) || shown.find(each) == std::string::npos)
                continue;
            std::fprintf(stderr, "told: %s\n", each.c_str());
            std::abort();
        }
    }
    return 0;
}
