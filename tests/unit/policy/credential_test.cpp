// A secret becomes one header value, or is refused without being repeated.
#include "policy/credential.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace botbottle::policy {
namespace {

using namespace std::string_view_literals;

Auth auth_of(Auth::Scheme scheme) {
    Auth auth;
    auth.scheme = scheme;
    auth.slot = "bottle.x";
    if (scheme == Auth::Scheme::kBasic) auth.username = "me";
    if (scheme == Auth::Scheme::kHeader) auth.header_name = "X-Api-Key";
    return auth;
}

TEST(Credential, IsPutOnByItsScheme) {
    auto prefixed = auth_of(Auth::Scheme::kHeader);
    prefixed.prefix = "Key";
    struct Case {
        Auth auth;
        std::string_view secret, name, value;
    };
    const Case cases[] = {
        {auth_of(Auth::Scheme::kBearer), "s3cret", "Authorization", "Bearer s3cret"},
        {auth_of(Auth::Scheme::kToken), "s3cret", "Authorization", "token s3cret"},
        {auth_of(Auth::Scheme::kBasic), "s3cret", "Authorization", "Basic bWU6czNjcmV0"},
        {auth_of(Auth::Scheme::kBasic), "s3cre", "Authorization", "Basic bWU6czNjcmU="},
        {auth_of(Auth::Scheme::kBasic), "s3cr", "Authorization", "Basic bWU6czNjcg=="},
        {auth_of(Auth::Scheme::kBasic), "p \xc3\xa9", "Authorization", "Basic bWU6cCDDqQ=="},
        {auth_of(Auth::Scheme::kHeader), "a b", "X-Api-Key", "a b"},
        {prefixed, "s3cret", "X-Api-Key", "Key s3cret"},
    };
    for (const auto& row : cases) {
        const auto header = credential_header(row.auth, Secret(row.secret));
        ASSERT_TRUE(header) << row.value << header.error().message;
        EXPECT_EQ(header->name, row.name);
        EXPECT_EQ(header->value.reveal(), row.value);
        EXPECT_EQ(credential_header_name(row.auth), row.name);
    }
    // RFC 7617 2.
    EXPECT_EQ(basic_credentials("Aladdin", Secret("open sesame")).reveal(),
              "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    EXPECT_EQ(basic_credentials("u", Secret()).reveal(), "Basic dTo=");
}

TEST(Credential, RefusesWhatCouldEndTheHeader) {
    for (const auto scheme : {Auth::Scheme::kBearer, Auth::Scheme::kToken, Auth::Scheme::kBasic,
                              Auth::Scheme::kHeader}) {
        for (const auto secret : {"canary\r\nX: y"sv, "canary\n"sv, "canary\r"sv, "canary\0"sv,
                                  "\tcanary"sv, "canary\x7f"sv, "canary\x1b"sv, ""sv}) {
            const auto header = credential_header(auth_of(scheme), Secret(secret));
            ASSERT_FALSE(header) << secret;
            EXPECT_EQ(header.error().code, "unusable_secret");
            EXPECT_NE(header.error().message.find("bottle.x"), std::string::npos);
            EXPECT_EQ(header.error().message.find("canary"), std::string::npos);
            EXPECT_EQ(header.error().hint.find("canary"), std::string::npos);
        }
    }
}

TEST(Credential, RefusesSpacesInTokens) {
    for (const auto secret : {"a b"sv, " a"sv, "a "sv, "a\xc3\xa9"sv, "a\xc2\xa0"sv}) {
        EXPECT_FALSE(credential_header(auth_of(Auth::Scheme::kBearer), Secret(secret))) << secret;
        EXPECT_FALSE(credential_header(auth_of(Auth::Scheme::kToken), Secret(secret))) << secret;
        EXPECT_TRUE(credential_header(auth_of(Auth::Scheme::kBasic), Secret(secret))) << secret;
    }
    for (const auto secret : {" a"sv, "a "sv, "a\xc3\xa9"sv}) {
        EXPECT_FALSE(credential_header(auth_of(Auth::Scheme::kHeader), Secret(secret))) << secret;
    }
}

TEST(QueryCredential, HasOneSpelling) {
    Auth auth = auth_of(Auth::Scheme::kQuery);
    auth.parameter = "key";
    const auto parameter = credential_parameter(auth, Secret("a b&c=d/+\xc3\xa9~"));
    ASSERT_TRUE(parameter);
    EXPECT_EQ(parameter->value.reveal(), "a%20b%26c%3Dd%2F%2B%C3%A9~");
    EXPECT_EQ(with_parameter("/a", *parameter), "/a?key=a%20b%26c%3Dd%2F%2B%C3%A9~");
    EXPECT_EQ(with_parameter("/a?", *parameter), "/a?key=a%20b%26c%3Dd%2F%2B%C3%A9~");
    EXPECT_EQ(with_parameter("/a?b=1", *parameter), "/a?b=1&key=a%20b%26c%3Dd%2F%2B%C3%A9~");
    EXPECT_FALSE(credential_parameter(auth, Secret("a\nb")));
    EXPECT_FALSE(credential_parameter(auth, Secret("")));
    EXPECT_FALSE(credential_header(auth, Secret("value")));
    EXPECT_EQ(credential_header_name(auth), "");
}

TEST(QueryCredential, WhatTheAgentPutThereGoesInEverySpelling) {
    for (const auto& [target, left] : std::initializer_list<std::pair<const char*, const char*>>{
             {"/a", "/a"},
             {"/a?", "/a?"},
             {"/a?b=1", "/a?b=1"},
             {"/a?api_key=x", "/a"},
             {"/a?api_key", "/a"},
             {"/a?b=1&api_key=x", "/a?b=1"},
             {"/a?api_key=x&b=1", "/a?b=1"},
             {"/a?b=1&api_key=x&api_key=y&c=2", "/a?b=1&c=2"},
             {"/a?b=1;api_key=x;c=2", "/a?b=1;c=2"},
             {"/a?API_Key=x&%61pi_key=y&%2561pi%255fkey=z&b", "/a?b"},
             {"/a?api_key[]=x&api_key%5B0%5D=y&api.key=z&api+key=1&api%20key=2&b", "/a?b"},
             {"/a?+api_key=x&%20api_key=y&%00api_key=z&b", "/a?b"},
             {"/a?my_api_key=x&api_key2=y&b=api_key&c=%zz",
              "/a?my_api_key=x&api_key2=y&b=api_key&c=%zz"},
             {"/a?%252525252525252525252561=x&b", "/a?b"}})
        EXPECT_EQ(without_parameter(target, "api_key"), left) << target;
}

}  // namespace
}  // namespace botbottle::policy
