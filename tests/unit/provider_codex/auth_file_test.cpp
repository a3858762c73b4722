#include "auth_file.h"

#include <gtest/gtest.h>

#include <botbottle/plugin.hpp>
#include <functional>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

#include "jwt.h"

namespace provider_codex {
namespace {

using nlohmann::json;

constexpr std::int64_t kNow = 1'800'000'000;
constexpr const char* kAuth = "https://api.openai.com/auth";

json claims() {
    return {{"exp", kNow + 3600},
            {"iat", kNow - 10},
            {"email", "operator@private.example"},
            {"email_verified", true},
            {kAuth,
             {{"chatgpt_account_id", "acct-real-account"},
              {"chatgpt_plan_type", "business"},
              {"chatgpt_user_id", "user-private-identity"},
              {"is_org_owner", false},
              {"groups", {"private-group-name"}},
              {"organizations", {{{"id", "org-private"}, {"title", "Private Inc."}}}}}}};
}

json login() {
    return {{"auth_mode", "chatgpt"},
            {"OPENAI_API_KEY", nullptr},
            {"last_refresh", "2026-01-01T00:00:00Z"},
            {"tokens",
             {{"id_token", unsigned_jwt(claims())},
              {"access_token", unsigned_jwt(claims())},
              {"refresh_token", "rt-private-refresh-token"},
              {"account_id", "acct-real-account"}}}};
}

json guest(const json& host) {
    return json::parse(guest_auth_file(host.dump(), "/h/auth.json", kNow));
}

std::string refusal(const std::string& content) {
    try {
        guest_auth_file(content, "/h/auth.json", kNow);
    } catch (const botbottle::plugin::OperationError& error) {
        EXPECT_EQ(error.code(), "credentials_unusable");
        EXPECT_EQ(error.hint(), "log in on the host: codex login --device-auth");
        return error.message();
    }
    return "accepted";
}

// Every string of a document, its JWTs opened, names of members included.
void collect(const json& value, std::vector<std::string>& found) {
    if (value.is_string()) {
        found.push_back(value.get<std::string>());
        if (const auto inner = jwt_claims(found.back())) collect(*inner, found);
    }
    if (value.is_object()) {
        for (const auto& [name, item] : value.items()) {
            found.push_back(name);
            collect(item, found);
        }
    }
    if (value.is_array()) {
        for (const json& item : value)
            collect(item, found);
    }
}

const std::vector<std::string> kAllowed = {"acct-real-account", kAuth, "business"};

// The property: of the host's strings longer than eight characters, only those on the list, and
// names of members that are words.
void expect_nothing_leaks(const json& host) {
    const std::string text = guest_auth_file(host.dump(), "/h/auth.json", kNow);
    std::vector<std::string> told;
    collect(json::parse(text), told);
    std::string all;
    for (const std::string& each : told)
        all += each + '\n';
    std::vector<std::string> secret;
    collect(host, secret);
    for (const std::string& each : secret) {
        if (each.size() <= 8) continue;
        if (std::find(kAllowed.begin(), kAllowed.end(), each) != kAllowed.end()) continue;
        const bool word =
            each.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == std::string::npos &&
            each.size() <= 48;
        if (word || each == "OPENAI_API_KEY") continue;  // the name of a member
        EXPECT_EQ(all.find(each), std::string::npos) << "leaked: " << each;
    }
}

TEST(AuthFile, CurrentShape) {
    const json file = guest(login());
    EXPECT_EQ(file["auth_mode"], "chatgpt");
    EXPECT_TRUE(file["OPENAI_API_KEY"].is_null());
    EXPECT_EQ(file["last_refresh"], "2027-01-15T08:00:00Z");
    const json& tokens = file["tokens"];
    EXPECT_EQ(tokens["account_id"], "acct-real-account");
    EXPECT_EQ(tokens["refresh_token"], "placeholder");
    for (const char* name : {"id_token", "access_token"}) {
        const auto token = tokens[name].get<std::string>();
        EXPECT_TRUE(token.ends_with(".placeholder"));
        const json told = jwt_claims(token).value();
        EXPECT_EQ(told["exp"], kNow + 3600);
        EXPECT_EQ(told["iat"], "bot-bottle-placeholder");
        EXPECT_EQ(told["email"], "bot-bottle@example.invalid");
        EXPECT_EQ(told["email_verified"], true);
        const json& own = told[kAuth];
        EXPECT_EQ(own["chatgpt_account_id"], "acct-real-account");
        EXPECT_EQ(own["chatgpt_plan_type"], "business");
        EXPECT_EQ(own["chatgpt_user_id"], "bot-bottle-placeholder");
        EXPECT_EQ(own["is_org_owner"], false);
        EXPECT_EQ(own["groups"], json::array());
        EXPECT_EQ(own["organizations"], json::array());
    }
    expect_nothing_leaks(login());
}

TEST(AuthFile, WhatIsRefusedAndWhy) {
    const auto with = [](const std::function<void(json&)>& change) {
        json host = login();
        change(host);
        return host.dump();
    };
    const auto with_access = [&](const json& value) {
        return with([&](json& host) { host["tokens"]["access_token"] = value; });
    };
    const auto with_claim = [&](const json& exp) {
        json changed = claims();
        changed["exp"] = exp;
        return with_access(unsigned_jwt(changed));
    };
    json without_exp = claims();
    without_exp.erase("exp");
    const std::string not_jwt = "has a tokens.access_token that is not a JWT";
    const std::string no_exp =
        "has a tokens.access_token without an \"exp\" claim that is a whole number";
    const std::string no_token = "has no tokens.access_token";
    const std::string no_json = "is not JSON, or nested too deeply";
    const std::vector<std::pair<std::string, std::string>> rows = {
        {"", no_json},
        {"{", no_json},
        {"\xff\xfe", no_json},
        {std::string(200'000, '['), no_json},
        {"{\"a\":" + std::string(100'000, '[') + std::string(100'000, ']') + "}", no_json},
        {"[]", "is not a JSON object"},
        {"null", "is not a JSON object"},
        {"\"text\"", "is not a JSON object"},
        {"{}", no_token},
        {R"({"auth_mode": "apikey", "OPENAI_API_KEY": "sk-x"})",
         "is an API-key login, not a ChatGPT login"},
        {R"({"OPENAI_API_KEY": "sk-x"})", "is an API-key login, not a ChatGPT login"},
        {R"({"OPENAI_API_KEY": "sk-x", "tokens": null})",
         "is an API-key login, not a ChatGPT login"},
        {with([](json& host) { host["auth_mode"] = "chatgptAuthTokens"; }),
         "has an \"auth_mode\" other than \"chatgpt\""},
        {with([](json& host) { host["auth_mode"] = 7; }),
         "has an \"auth_mode\" other than \"chatgpt\""},
        {with([](json& host) { host.erase("tokens"); }), no_token},
        {with([](json& host) { host["tokens"] = "text"; }), no_token},
        {with([](json& host) { host["tokens"] = json::array(); }), no_token},
        {with([](json& host) { host["tokens"].erase("access_token"); }), no_token},
        {with_access(nullptr), no_token},
        {with_access(""), no_token},
        {with_access(17), no_token},
        {with_access("opaque"), not_jwt},
        {with_access("a.b"), not_jwt},
        {with_access("a.b.c.d"), not_jwt},
        {with_access("e30.!!!.x"), not_jwt},
        {with_access("e30.W10.x"), not_jwt},  // claims: []
        {with_access(unsigned_jwt(without_exp)), no_exp},
        {with_claim("tomorrow"), no_exp},
        {with_claim(1.9e9), no_exp},
        {with_claim(nullptr), no_exp},
        {with_claim(18'446'744'073'709'551'615u),
         "has a tokens.access_token whose \"exp\" is no time"},
        {with_claim(kNow), "has a tokens.access_token that expired at 2027-01-15T08:00:00Z"},
        {with_claim(-5), "has a tokens.access_token that expired"},
    };
    for (const auto& [content, reason] : rows)
        EXPECT_EQ(refusal(content), "/h/auth.json " + reason) << content.substr(0, 200);
}

TEST(AuthFile, VariantsThatWork) {
    const std::vector<std::function<void(json&)>> changes = {
        [](json& host) { host.erase("auth_mode"); },  // as older versions wrote it
        [](json& host) { host.erase("OPENAI_API_KEY"); },
        [](json& host) { host.erase("last_refresh"); },
        [](json& host) { host["OPENAI_API_KEY"] = "sk-left-behind-by-an-older-login"; },
        [](json& host) { host["tokens"].erase("id_token"); },
        [](json& host) { host["tokens"]["id_token"] = "not a token at all, and private"; },
        [](json& host) { host["tokens"].erase("refresh_token"); },
        [](json& host) { host["tokens"].erase("account_id"); },
    };
    for (const auto& change : changes) {
        json host = login();
        change(host);
        const json file = guest(host);
        EXPECT_EQ(file["auth_mode"], "chatgpt");
        EXPECT_TRUE(file["OPENAI_API_KEY"].is_null());
        EXPECT_EQ(file["tokens"]["account_id"], "acct-real-account");
        EXPECT_TRUE(jwt_claims(file["tokens"]["id_token"].get<std::string>()));
        expect_nothing_leaks(host);
    }
}

TEST(AuthFile, WhatPretendsToBeOnTheList) {
    json host = login();
    json hostile = claims();
    hostile["chatgpt_plan_type"] = "Plan With A Secret 123456789";
    hostile["chatgpt_account_id"] = "not an identifier: secret!";
    hostile[kAuth]["chatgpt_plan_type"] = json{{"nested", "secret-in-a-plan"}};
    hostile[kAuth]["chatgpt_account_id"] = json::array({"secret-in-an-account"});
    hostile[kAuth][kAuth] = {{"chatgpt_plan_type", "secretplaninside"}};
    hostile[unsigned_jwt(claims())] = true;
    hostile["eyJhbGciOiJub25lIn0"] = true;
    host["tokens"]["id_token"] = unsigned_jwt(hostile);
    host["tokens"]["account_id"] = "spaces are no identifier";
    host["tokens"]["sk-proj-1234567890abcdef"] = 1;
    host["tokens"]["agent_identity"] = {{"private_key", "-----BEGIN PRIVATE KEY-----"}};
    host["sk-proj-ABCDEFGHIJKLMNOP"] = "x";
    host["personal_access_token"] = "at-0123456789abcdef";
    host["deep"] = json::parse(R"({"a":{"b":{"c":["secret-in-the-depth"]}}})");
    const json file = guest(host);
    expect_nothing_leaks(host);
    EXPECT_EQ(file["tokens"]["agent_identity"], json::object());
    EXPECT_EQ(file["personal_access_token"], "bot-bottle-placeholder");
    EXPECT_EQ(file["deep"], json::object());
    EXPECT_EQ(file["tokens"]["account_id"], "acct-real-account");  // of the access token's claims
    const json told = jwt_claims(file["tokens"]["id_token"].get<std::string>()).value();
    EXPECT_EQ(told[kAuth]["chatgpt_plan_type"], json::object());
}

// Documents that nobody thought of: members of every kind at every place, and the property again.
class Generator {
  public:
    explicit Generator(unsigned seed) : random_(seed) {}

    json login_with_more() {
        json host = login();
        json more = claims();
        scatter(more, 3);
        scatter(more[kAuth], 3);
        if (one_in(2)) host["tokens"]["id_token"] = unsigned_jwt(more);
        if (one_in(2)) host["tokens"]["access_token"] = unsigned_jwt(more);
        scatter(host, 4);
        scatter(host["tokens"], 4);
        return host;
    }

  private:
    bool one_in(unsigned n) { return random_() % n == 0; }
    std::string text() {
        static const std::string kLetters =
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_. /";
        std::string made = "S3cret-";
        for (unsigned i = 0; i < 4 + random_() % 24; ++i)
            made += kLetters[random_() % kLetters.size()];
        return made;
    }
    json value(int depth) {
        switch (random_() % (depth > 0 ? 7 : 5)) {
            case 0:
                return text();
            case 1:
                return random_();
            case 2:
                return one_in(2);
            case 3:
                return nullptr;
            case 4:
                return unsigned_jwt({{text(), text()}, {"exp", 1}});
            case 5:
                return json::array({value(depth - 1), value(depth - 1)});
            default:
                return json{{text(), value(depth - 1)}, {"inner_name", value(depth - 1)}};
        }
    }
    void scatter(json& object, int depth) {
        static const std::vector<std::string> kNames = {
            "future_field", "agent_identity", "personal_access_token",
            "scopes",       "email",          "chatgpt_user_id"};
        for (unsigned i = 0; i < 1 + random_() % 5; ++i)
            object[one_in(2) ? text() : kNames[random_() % kNames.size()]] = value(depth);
    }

    std::mt19937 random_;
};

TEST(AuthFile, PropertyOverGeneratedFiles) {
    for (unsigned seed = 0; seed < 2000 && !HasFailure(); ++seed) {
        SCOPED_TRACE(seed);
        expect_nothing_leaks(Generator(seed).login_with_more());
    }
}

TEST(AuthFile, HugeFile) {
    json host = login();
    for (int i = 0; i < 20'000; ++i)
        host["tokens"]["X" + std::to_string(i)] = "secret-number-" + std::to_string(i);
    EXPECT_LT(guest(host).dump().size(), 4096u);
}

}  // namespace
}  // namespace provider_codex
