#include <gtest/gtest.h>

#include <set>

#include "bottles/identity.h"

namespace botbottle {
namespace {

TEST(Identity, IsTheBaseAndFiveRandomDigits) {
    std::set<QString> seen;
    for (int i = 0; i < 200; ++i) {
        const QString identity = new_identity(QStringLiteral("reviewer"));
        EXPECT_TRUE(identity.startsWith(QStringLiteral("reviewer-"))) << identity.toStdString();
        EXPECT_EQ(identity.size(), 14);
        EXPECT_TRUE(is_identity(identity)) << identity.toStdString();
        seen.insert(identity);
    }
    EXPECT_EQ(seen.size(), 200u);
}

TEST(Identity, ALongBaseIsCutSoThatSocketPathsStayShort) {
    const QString identity = new_identity(QString(100, QLatin1Char('a')));
    EXPECT_EQ(identity.size(), 38);
    EXPECT_TRUE(is_identity(identity));
}

TEST(Identity, NothingElseIsOne) {
    for (const char* text : {"", "a", "-abcde", "agent-abcd", "agent-abcdef", "agent-ABCDE",
                             "Agent-abcde", "../x-abcde", "a/b-abcde", "agent-abc.e", "agent_abcde",
                             "agent-abcde\n", ".-abcde", "1-abcde"})
        EXPECT_FALSE(is_identity(QString::fromUtf8(text))) << text;
    EXPECT_TRUE(is_identity(QStringLiteral("a-00000")));
    EXPECT_TRUE(is_identity(QStringLiteral("my-agent-2-zzzzz")));
}

}  // namespace
}  // namespace botbottle
