// A credential in a file of the operator's: where it stands, and until when it is good.
#include "warden/credential_file.h"

#include <gtest/gtest.h>

#include <string>

namespace botbottle::warden {
namespace {

TEST(CredentialFile, PointersAsInRfc6901) {
    for (const char* good : {"/a", "/tokens/access_token", "/a~1b", "/a~0b", "/"})
        EXPECT_TRUE(is_json_pointer(good)) << good;
    for (const char* bad : {"", "a", "tokens/x", "/a~", "/a~2"})
        EXPECT_FALSE(is_json_pointer(bad)) << bad;
}

TEST(CredentialFile, TheStringAtThePointer) {
    const std::string text =
        R"({"tokens": {"access_token": "secret", "n": 7, "e": ""}, "a/b": "x"})";
    EXPECT_EQ(credential_at(text, "/tokens/access_token").value().reveal(), "secret");
    EXPECT_EQ(credential_at(text, "/a~1b").value().reveal(), "x");
    for (const char* pointer : {"/tokens", "/tokens/n", "/tokens/e", "/tokens/none", "/none/x"}) {
        const auto value = credential_at(text, pointer);
        ASSERT_FALSE(value) << pointer;
        EXPECT_EQ(value.error().message.find("secret"), std::string::npos);
    }
    for (const char* file : {"", "{half", "[]", "null", "\xff", "\"text\""})
        EXPECT_FALSE(credential_at(file, "/tokens")) << file;
}

TEST(CredentialFile, ExpiryOfAJwt) {
    // {"exp":1900000000}, {"exp":"soon"}, {}, []
    EXPECT_EQ(jwt_expiry("e30.eyJleHAiOjE5MDAwMDAwMDB9.x"), 1'900'000'000);
    for (const char* token : {"", "opaque", "e30.e30", "e30.eyJleHAiOiJzb29uIn0.x", "e30.e30.x",
                              "e30.W10.x", "e30.!!!.x"})
        EXPECT_EQ(jwt_expiry(token), std::nullopt) << token;
}

}  // namespace
}  // namespace botbottle::warden
