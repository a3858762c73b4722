#include "base/public_suffix.h"

#include <gtest/gtest.h>

namespace botbottle {
namespace {

TEST(PublicSuffix, IsWhereAnybodyHasANameBelow) {
    for (const char* name :
         {"com", "org", "dev", "co.uk", "com.au", "github.io", "vercel.app", "herokuapp.com",
          "s3.amazonaws.com", "ck", "kawasaki.jp", "xn--p1ai", "xn--55qx5d.cn", "test.ck"}) {
        const auto checked = check_names_below(*Host::parse(name));
        ASSERT_FALSE(checked) << name;
        EXPECT_EQ(checked.error().code, "public_suffix");
        EXPECT_NE(checked.error().message.find("*." + std::string(name)), std::string::npos);
        EXPECT_NE(checked.error().hint, "");
    }
}

TEST(PublicSuffix, IsNotWhereOneOwnerHasThemAll) {
    for (const char* name :
         {"example.com", "anthropic.com", "api.anthropic.com", "example.co.uk", "someone.github.io",
          "www.ck", "city.kawasaki.jp", "internal", "corp", "example", "registry.internal",
          "localhost", "192.0.2.1", "[2001:db8::1]"})
        EXPECT_TRUE(check_names_below(*Host::parse(name))) << name;
}

}  // namespace
}  // namespace botbottle
