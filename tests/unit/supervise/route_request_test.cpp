#include "supervise/route_request.h"

#include <gtest/gtest.h>

namespace botbottle::supervise {
namespace {

TEST(RouteRequest, EqualWishesAreEqualTexts) {
    const auto one = canonical_route({{"host", "API.Example.com."}, {"methods", {"POST", "GET"}}});
    const auto other = canonical_route({{"host", "api.example.com"},
                                        {"ports", {443U, 443U}},
                                        {"methods", {"GET", "POST", "GET"}},
                                        {"path_allowlist", nullptr},
                                        {"justification", "another reason"}});
    ASSERT_TRUE(one) << one.error().message;
    ASSERT_TRUE(other) << other.error().message;
    EXPECT_EQ(*one, *other);
    EXPECT_EQ(*one, Json::parse(R"({"host": "api.example.com", "ports": [443], "auth": null,
                                    "methods": ["GET", "POST"], "path_allowlist": null})"));
}

TEST(RouteRequest, RefusesWhatNoPolicyWouldHold) {
    for (const char* bad :
         {R"([])",
          R"({})",
          R"({"host": 1})",
          R"({"host": "a b"})",
          R"({"host": "a.example/x"})",
          R"({"host": "*"})",
          R"({"host": "*.*.example.com"})",
          R"({"host": "127.1"})",
          R"({"host": "a.example", "ports": []})",
          R"({"host": "a.example", "ports": [0]})",
          R"({"host": "a.example", "ports": [65536]})",
          R"({"host": "a.example", "ports": ["1"]})",
          R"({"host": "a.example", "methods": ["get"]})",
          R"({"host": "a.example", "methods": ["CONNECT"]})",
          R"({"host": "a.example", "path_allowlist": ["x"]})",
          R"({"host": "a.example", "path_allowlist": ["/a/../b"]})",
          R"({"host": "a.example", "auth": {"scheme": "Bearer"}})",
          R"({"host": "a.example", "auth": {"scheme": "Bearer", "token_ref": "a value!"}})",
          R"({"host": "a.example", "auth": {"scheme": "own", "token_ref": "T"}})",
          R"({"host": "a.example", "owner": "bottle"})",
          R"({"host": "a.example", "intercept": false})",
          R"({"host": "a.example", "ssrf_ip_allowlist": ["10.0.0.0/8"]})"})
        EXPECT_FALSE(canonical_route(Json::parse(bad))) << bad;
}

}  // namespace
}  // namespace botbottle::supervise
