// What a grant makes of a policy, and what it refuses.
#include "warden/grants.h"

#include <gtest/gtest.h>

namespace botbottle::warden {
namespace {

using Json = nlohmann::json;

const Json kPolicy = Json::parse(R"({"schema": "botbottle.policy/1", "revision": 4, "routes": [
    {"host": "a.example", "ports": [443], "owner": "bottle"},
    {"host": "p.example", "ports": [443], "owner": "provider:x"}]})");

TEST(Grants, AddARouteUnderAnOwnerOfTheirOwn) {
    const auto changed =
        with_grant(kPolicy, Json::parse(R"({"host": "n.example", "ports": [443]})"), "g1");
    ASSERT_TRUE(changed);
    EXPECT_EQ(changed->policy["revision"], 5);
    EXPECT_EQ(changed->policy["routes"].size(), 3u);
    EXPECT_EQ(changed->policy["routes"][2],
              Json::parse(R"({"host": "n.example", "ports": [443], "owner": "grant:g1"})"));
    EXPECT_EQ(kPolicy["routes"].size(), 2u);
}

TEST(Grants, ACredentialGetsASlotOfItsOwn) {
    const auto changed = with_grant(
        kPolicy,
        Json::parse(R"({"host": "n.example", "ports": [443], "auth": {"scheme": "Bearer"}})"),
        "g7");
    ASSERT_TRUE(changed);
    EXPECT_EQ(changed->route["auth"]["slot"], "grant.g7");
}

TEST(Grants, CannotBorrowACredentialOrAnOwner) {
    for (const char* route :
         {R"([])", R"({})", R"({"host": 1})", R"({"host": "n.example", "owner": "bottle"})",
          R"({"host": "n.example", "auth": {"scheme": "Bearer", "slot": "provider.x.token"}})",
          R"({"host": "n.example", "auth": "Bearer"})"}) {
        const auto changed = with_grant(kPolicy, Json::parse(route), "g1");
        ASSERT_FALSE(changed) << route;
        EXPECT_EQ(changed.error().code, "bad_request");
    }
}

TEST(Grants, DoNotReplaceARoute) {
    const auto changed = with_grant(kPolicy, Json::parse(R"({"host": "a.example"})"), "g1");
    ASSERT_FALSE(changed);
    EXPECT_EQ(changed.error().code, "host_has_route");
}

TEST(Grants, ARouteIsTakenOutWhoeverOwnsIt) {
    const auto changed = without_route(kPolicy, "p.example");
    ASSERT_TRUE(changed);
    EXPECT_EQ(changed->policy["revision"], 5);
    ASSERT_EQ(changed->policy["routes"].size(), 1u);
    EXPECT_EQ(changed->policy["routes"][0]["host"], "a.example");
    EXPECT_EQ(changed->route["owner"], "provider:x");
    const auto missing = without_route(kPolicy, "example");
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, "no_such_route");
    EXPECT_EQ(missing.error().hint, "there are routes for a.example, p.example");
}

}  // namespace
}  // namespace botbottle::warden
