#include "auth_file.h"

#include <algorithm>
#include <botbottle/plugin.hpp>
#include <ctime>
#include <nlohmann/json.hpp>
#include <optional>

#include "jwt.h"

namespace provider_codex {
namespace {

using nlohmann::json;

constexpr const char* kPlaceholder = "bot-bottle-placeholder";
constexpr const char* kEmail = "bot-bottle@example.invalid";
constexpr const char* kAuthClaim = "https://api.openai.com/auth";
// 9999-12-31: what lies beyond is no time, and would overflow a client's arithmetic.
constexpr std::int64_t kLatest = 253'402'300'799;

std::string rfc3339(std::int64_t seconds) {
    const auto time = static_cast<std::time_t>(seconds);
    std::tm utc = {};
    gmtime_r(&time, &utc);
    char text[32];
    return {text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc)};
}

template <typename Allowed>
bool consists_of(const std::string& text, std::size_t longest, Allowed allowed) {
    return !text.empty() && text.size() <= longest &&
           std::all_of(text.begin(), text.end(), allowed);
}

bool is_lower_word(const std::string& text, std::size_t longest) {
    return consists_of(text, longest, [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; });
}

bool is_account_id(const json& value) {
    constexpr std::size_t kLongest = 64;
    return value.is_string() &&
           consists_of(value.get_ref<const std::string&>(), kLongest, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '-' || c == '_';
           });
}

bool is_plan_type(const json& value) {
    constexpr std::size_t kLongest = 24;
    return value.is_string() && is_lower_word(value.get_ref<const std::string&>(), kLongest);
}

// The name of a member is text of the host's, too. A word is a field's name; what has digits or
// capitals could be a key, and its member is left out.
bool is_field_name(const std::string& name) {
    constexpr std::size_t kLongest = 48;
    return is_lower_word(name, kLongest);
}

// What stands for a value that is not on the list. An absent value stays absent.
json stand_in(const json& value) {
    if (value.is_array()) return json::array();
    if (value.is_object()) return json::object();
    if (value.is_null()) return nullptr;
    return kPlaceholder;
}

json stand_ins(const json& object) {
    json result = json::object();
    for (const auto& [name, value] : object.items()) {
        if (is_field_name(name)) result[name] = stand_in(value);
    }
    return result;
}

// The claims that may be told: plan, account and booleans. `exp` is told of the outermost only.
json guest_claims(const json& claims) {
    json result = stand_ins(claims);
    for (const auto& [name, value] : claims.items()) {
        if (is_field_name(name) && value.is_boolean()) result[name] = value;
    }
    const auto keep = [&](const char* name, auto rule) {
        const auto found = claims.find(name);
        if (found != claims.end() && rule(*found)) result[name] = *found;
    };
    keep("chatgpt_plan_type", is_plan_type);
    keep("chatgpt_account_id", is_account_id);
    return result;
}

std::string guest_token(const json& claims) {
    json result = guest_claims(claims);
    const auto own = claims.find(kAuthClaim);
    if (own != claims.end() && own->is_object()) result[kAuthClaim] = guest_claims(*own);
    const auto expiry = claims.find("exp");
    if (expiry != claims.end() && expiry->is_number_integer()) {
        result["exp"] = *expiry;
    } else {
        result.erase("exp");
    }
    result["email"] = kEmail;
    return unsigned_jwt(result);
}

class HostLogin {
  public:
    HostLogin(std::string_view content, const std::string& path, std::int64_t now)
        : path_(path), now_(now) {
        auto parsed = parse_shallow(content);
        if (!parsed) reject("is not JSON, or nested too deeply");
        file_ = *std::move(parsed);
        if (!file_.is_object()) reject("is not a JSON object");
        check_mode();
        tokens_ = object_member(file_, "tokens");
        access_ = token_claims();
        check_expiry();
    }

    std::string guest_file() const {
        json guest = stand_ins(file_);
        guest["auth_mode"] = "chatgpt";
        guest["OPENAI_API_KEY"] = nullptr;
        guest["last_refresh"] = rfc3339(now_);
        json tokens = stand_ins(tokens_);
        tokens["id_token"] = guest_token(id_claims());
        tokens["access_token"] = guest_token(access_);
        tokens["refresh_token"] = "placeholder";
        // Every turn fails when it is not the account's own: the client looks it up in a reply.
        tokens["account_id"] = account_id();
        guest["tokens"] = std::move(tokens);
        return guest.dump(2) + "\n";
    }

  private:
    [[noreturn]] void reject(const std::string& why) const { reject_credentials(path_, why); }

    static json object_member(const json& object, const char* name) {
        const auto found = object.find(name);
        return found != object.end() && found->is_object() ? *found : json::object();
    }

    // Older files have no mode; they are ChatGPT logins when they have tokens.
    void check_mode() const {
        const auto mode = file_.find("auth_mode");
        const auto key = file_.find("OPENAI_API_KEY");
        const bool has_mode = mode != file_.end() && !mode->is_null();
        const bool has_key = key != file_.end() && !key->is_null();
        const bool has_tokens = file_.contains("tokens") && !file_["tokens"].is_null();
        if ((has_mode && *mode == "apikey") || (!has_mode && has_key && !has_tokens))
            reject("is an API-key login, not a ChatGPT login");
        if (has_mode && *mode != "chatgpt") reject("has an \"auth_mode\" other than \"chatgpt\"");
    }

    json token_claims() const {
        const auto token = tokens_.find("access_token");
        if (token == tokens_.end() || !token->is_string() ||
            token->get_ref<const std::string&>().empty())
            reject("has no tokens.access_token");
        auto claims = jwt_claims(token->get_ref<const std::string&>());
        if (!claims) reject("has a tokens.access_token that is not a JWT");
        return *std::move(claims);
    }

    void check_expiry() const {
        const auto expiry = access_.find("exp");
        if (expiry == access_.end() || !expiry->is_number_integer())
            reject("has a tokens.access_token without an \"exp\" claim that is a whole number");
        // Read as unsigned first: what does not fit is no time either.
        const bool too_late = expiry->is_number_unsigned() &&
                              expiry->get<std::uint64_t>() > static_cast<std::uint64_t>(kLatest);
        if (too_late) reject("has a tokens.access_token whose \"exp\" is no time");
        const auto seconds = expiry->get<std::int64_t>();
        if (seconds <= now_)
            reject("has a tokens.access_token that expired" +
                   (seconds > 0 ? " at " + rfc3339(seconds) : std::string()));
    }

    // A host file with an id_token that nobody can read still works: the guest's needs only a form.
    json id_claims() const {
        const auto token = tokens_.find("id_token");
        if (token == tokens_.end() || !token->is_string()) return json::object();
        return jwt_claims(token->get_ref<const std::string&>()).value_or(json::object());
    }

    json account_id() const {
        if (const auto id = tokens_.find("account_id"); id != tokens_.end() && is_account_id(*id))
            return *id;
        const json claims = object_member(access_, kAuthClaim);
        if (const auto id = claims.find("chatgpt_account_id");
            id != claims.end() && is_account_id(*id))
            return *id;
        return nullptr;
    }

    const std::string& path_;
    std::int64_t now_;
    json file_;
    json tokens_;
    json access_;  // claims of the access token
};

}  // namespace

void reject_credentials(const std::string& path, const std::string& why) {
    throw botbottle::plugin::OperationError(BOTBOTTLE_UNAVAILABLE, "credentials_unusable",
                                            path + " " + why,
                                            "log in on the host: codex login --device-auth");
}

std::string guest_auth_file(std::string_view content, const std::string& path, std::int64_t now) {
    return HostLogin(content, path, now).guest_file();
}

std::string api_key_auth_file() {
    const json file = {{"auth_mode", "apikey"}, {"OPENAI_API_KEY", "sk-bot-bottle-placeholder"}};
    return file.dump(2) + "\n";
}

}  // namespace provider_codex
