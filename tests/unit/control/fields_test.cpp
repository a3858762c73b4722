// Members are read strictly, and secrets leave the document when they are taken.
#include "control/fields.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace botbottle::control {
namespace {

using Json = nlohmann::json;

TEST(Fields, TypesAreStrict) {
    const Json object = Json::parse(R"({"s":"x","n":7,"neg":-1,"f":1.5,"null":null,"b":true})");
    EXPECT_EQ(*string_member(object, "s"), "x");
    EXPECT_EQ(*number_member(object, "n"), 7U);
    EXPECT_EQ(*number_member(Json{{"n", 7}}, "n"), 7U);
    EXPECT_FALSE(number_member(Json{{"n", -7}}, "n"));
    for (const char* name : {"n", "null", "b", "missing"})
        EXPECT_FALSE(string_member(object, name)) << name;
    for (const char* name : {"s", "neg", "f", "null", "b", "missing"})
        EXPECT_FALSE(number_member(object, name)) << name;
}

TEST(Fields, UnknownMembersAreNamed) {
    EXPECT_TRUE(only_members(Json::parse(R"({"a":1})"), {"a", "b"}));
    const auto result = only_members(Json::parse(R"({"a":1,"c":"value"})"), {"a", "b"});
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().message, "unknown member c");
}

TEST(Fields, ASecretLeavesTheDocument) {
    Json object = {{"value", "canary-0123456789abcdef"}, {"number", 1}};
    const auto secret = take_secret(object, "value");
    ASSERT_TRUE(secret);
    EXPECT_EQ(secret->reveal(), "canary-0123456789abcdef");
    EXPECT_EQ(object.dump().find("canary"), std::string::npos);
    EXPECT_FALSE(take_secret(object, "number"));
    EXPECT_FALSE(take_secret(object, "missing"));
}

TEST(Fields, MapsOfSecrets) {
    Json object = {{"secrets", {{"a", "one"}, {"b", ""}}}};
    const auto secrets = take_secrets(object, "secrets");
    ASSERT_TRUE(secrets);
    EXPECT_EQ(secrets->at("a").reveal(), "one");
    EXPECT_TRUE(secrets->at("b").empty());
    EXPECT_EQ(secrets_to_json(*secrets), Json({{"a", "one"}, {"b", ""}}));
    EXPECT_TRUE(take_secrets(object, "missing")->empty());
    for (const char* text :
         {R"({"secrets":[]})", R"({"secrets":{"a":1}})", R"({"secrets":null})"}) {
        Json wrong = Json::parse(text);
        EXPECT_FALSE(take_secrets(wrong, "secrets")) << text;
    }
}

}  // namespace
}  // namespace botbottle::control
