#include "supervise/dockerfile_request.h"

#include <gtest/gtest.h>

namespace botbottle::supervise {
namespace {

TEST(DockerfileRequest, EqualWishesAreEqualTexts) {
    const auto one = canonical_dockerfile({{"dockerfile", "FROM a\nRUN b"}});
    const auto other =
        canonical_dockerfile({{"dockerfile", "FROM a\nRUN b\n"}, {"justification", "because"}});
    ASSERT_TRUE(one) << one.error().message;
    ASSERT_TRUE(other) << other.error().message;
    EXPECT_EQ(*one, *other);
    EXPECT_TRUE(canonical_dockerfile({{"dockerfile", "# why\nARG BASE\n\tfrom ${BASE}\n"}}));
}

TEST(DockerfileRequest, RefusesWhatWouldNotBeBuiltAsShown) {
    for (const Json& bad : {
             Json::array(),
             Json{{"dockerfile", 1}},
             Json{{"dockerfile", ""}},
             Json{{"dockerfile", "RUN echo FROM a"}},
             Json{{"dockerfile", "FROM a\r\nRUN b"}},
             Json{{"dockerfile", "FROM a\nRUN \x1b[2J"}},
             Json{{"dockerfile", std::string("FROM a\n\0", 8)}},
             Json{{"dockerfile", "# syntax=evil/frontend\nFROM a"}},
             Json{{"dockerfile", "FROM a\n #  SynTax = evil/frontend"}},
             Json{{"dockerfile", "#escape=`\nFROM a"}},
             Json{{"dockerfile", "# check=skip=all\nFROM a"}},
             Json{{"dockerfile", "FROM a"}, {"buildargs", "x"}},
             Json{{"dockerfile", "FROM a\n" + std::string(256 * 1024, 'x')}},
         }) {
        const auto refused = canonical_dockerfile(bad);
        ASSERT_FALSE(refused) << bad.dump().substr(0, 100);
        EXPECT_EQ(refused.error().code, "invalid_arguments");
    }
}

}  // namespace
}  // namespace botbottle::supervise
