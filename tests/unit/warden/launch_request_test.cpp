// What `start` may say. (Refusals one by one: tests/integration/warden/test_start.py.)
#include "warden/launch_request.h"

#include <gtest/gtest.h>

namespace botbottle::warden {
namespace {

using nlohmann::json;

json complete() {
    return {{"schema", "botbottle.warden/1"},
            {"identity", "agent-a1b2c"},
            {"runtime_dir", "/run/user/1000/botbottle/agent-a1b2c"},
            {"audit_file", "/home/u/.bot-bottle/audit/agent-a1b2c.jsonl"},
            {"libexec_dir", "/usr/libexec/botbottle"},
            {"owner", nullptr},
            {"policy", {{"revision", 3}}},
            {"secrets", {{"slot", "canary-0123456789"}}}};
}

TEST(LaunchRequest, CredentialFiles) {
    const json good = {{"slot", "slot"},
                       {"path", "/home/u/.codex/auth.json"},
                       {"pointer", "/tokens/access_token"},
                       {"expiry", "jwt"},
                       {"renew", "codex login"}};
    json params = complete();
    params["credential_files"] = json::array({good});
    const auto request = parse_launch_request(params);
    ASSERT_TRUE(request) << request.error().message;
    ASSERT_EQ(request->credential_files.size(), 1u);
    EXPECT_EQ(request->credential_files[0].path, "/home/u/.codex/auth.json");
    EXPECT_TRUE(request->credential_files[0].jwt);
    const std::pair<json, const char*> wrong[] = {
        {{{"slot", "other"}}, "credential_files: there is no secret other"},
        {{{"path", "auth.json"}}, "path must be an absolute path"},
        {{{"pointer", "tokens"}}, "pointer is not a JSON pointer (RFC 6901)"},
        {{{"expiry", "never"}}, "expiry must be \"jwt\" or null"},
    };
    for (const auto& [change, message] : wrong) {
        json file = good;
        file.update(change);
        json bad = complete();
        bad["credential_files"] = json::array({file});
        const auto refused = parse_launch_request(bad);
        ASSERT_FALSE(refused) << message;
        EXPECT_EQ(refused.error().message, message);
    }
}

TEST(LaunchRequest, TakesAllOfIt) {
    json params = complete();
    const auto request = parse_launch_request(params);
    ASSERT_TRUE(request) << request.error().message;
    EXPECT_EQ(request->identity, "agent-a1b2c");
    EXPECT_EQ(request->runtime_dir, "/run/user/1000/botbottle/agent-a1b2c");
    EXPECT_EQ(request->audit_file, "/home/u/.bot-bottle/audit/agent-a1b2c.jsonl");
    EXPECT_EQ(request->libexec_dir, "/usr/libexec/botbottle");
    EXPECT_FALSE(request->owner);
    EXPECT_EQ(policy_revision(request->policy), 3U);
    EXPECT_EQ(request->secrets.at("slot").reveal(), "canary-0123456789");
    EXPECT_EQ(params.dump().find("canary"), std::string::npos) << "the document keeps no secret";
}

TEST(LaunchRequest, OwnerAndSecretsMayBeLeftOut) {
    json params = complete();
    params.erase("owner");
    params.erase("secrets");
    const auto request = parse_launch_request(params);
    ASSERT_TRUE(request) << request.error().message;
    EXPECT_FALSE(request->owner);
    EXPECT_TRUE(request->secrets.empty());
    params = complete();
    params["owner"] = {{"uid", 0}, {"gid", 100}};
    const auto owned = parse_launch_request(params);
    ASSERT_TRUE(owned) << owned.error().message;
    EXPECT_EQ(owned->owner->uid, 0U);
    EXPECT_EQ(owned->owner->gid, 100U);
}

TEST(LaunchRequest, AnErrorQuotesNoSecret) {
    json params = complete();
    params["more"] = "canary-0123456789";
    const auto request = parse_launch_request(params);
    ASSERT_FALSE(request);
    EXPECT_EQ(request.error().message.find("canary"), std::string::npos);
}

TEST(PolicyRevision, IsZeroWhenThereIsNone) {
    for (const char* text :
         {"{}", R"({"revision":-1})", R"({"revision":"7"})", R"({"revision":1.5})"})
        EXPECT_EQ(policy_revision(json::parse(text)), 0U) << text;
}

}  // namespace
}  // namespace botbottle::warden
