// The words of error messages: shown safely, and the nearest known name.
#include <gtest/gtest.h>

#include "manifest/names.h"
#include "manifest/text.h"

namespace botbottle {
namespace {

TEST(Text, QuotedShowsWhatATerminalWouldObey) {
    EXPECT_EQ(quoted(QStringLiteral("plain ünïcode 漢")), QStringLiteral("\"plain ünïcode 漢\""));
    EXPECT_EQ(quoted(QStringLiteral("a\x1b[2Jb\r\n")),
              QStringLiteral("\"a\\u001b[2Jb\\u000d\\u000a\""));
    EXPECT_EQ(quoted(QString(QChar(0x202E)) + QStringLiteral("txt")),
              QStringLiteral("\"\\u202etxt\""));
    // Beyond the basic plane: a tag that nobody sees, a picture, and half of a pair.
    EXPECT_EQ(visible(QString::fromUtf8("a\U000E0041b\U0001F4E6")),
              QString::fromUtf8("a\\ue0041b\U0001F4E6"));
    EXPECT_EQ(visible(QString(QChar(0xD83D)) + QStringLiteral("x")), QStringLiteral("\\ud83dx"));
    EXPECT_EQ(quoted(QString(100, u'x')),
              QLatin1Char('"') + QString(60, u'x') + QStringLiteral("…\""));
}

TEST(Text, Either) {
    EXPECT_EQ(either({}), QString());
    EXPECT_EQ(either({QStringLiteral("a")}), QStringLiteral("a"));
    EXPECT_EQ(either({QStringLiteral("a"), QStringLiteral("b"), QStringLiteral("c")}),
              QStringLiteral("a, b or c"));
}

TEST(Text, NearestFindsTypingErrors) {
    struct Row {
        const char* word;
        const char* expected;
    };
    const QStringList known = {QStringLiteral("egress"), QStringLiteral("env"),
                               QStringLiteral("extends"), QStringLiteral("workspace"),
                               QStringLiteral("POST")};
    const Row rows[] = {
        {"egres", "egress"},         // a missing letter
        {"eggress", "egress"},       // one too many
        {"agress", "egress"},        // another letter
        {"ergess", "egress"},        // two neighbours swapped
        {"Workspace", "workspace"},  // case alone
        {"post", "POST"},
        {"evn", "env"},
        {"xyz", ""},  // as long as "env", nothing in common
        {"", ""},
        {"routes", ""},
    };
    for (const Row& row : rows) {
        EXPECT_EQ(nearest(QString::fromLatin1(row.word), known), QString::fromLatin1(row.expected))
            << row.word;
    }
}

TEST(Text, NearestRefusesLongWordsQuickly) {
    EXPECT_EQ(nearest(QString(1000000, u'a'), {QStringLiteral("env")}), QString());
}

TEST(Names, ManifestNames) {
    for (const char* good : {"a", "dev", "dev-2", "a--b", "x1"}) {
        EXPECT_TRUE(is_manifest_name(QString::fromLatin1(good))) << good;
    }
    for (const char* bad : {"", "-a", "1a", "Dev", "a_b", "a.b", "a/b", "../a", "a b", "a\n"}) {
        EXPECT_FALSE(is_manifest_name(QString::fromLatin1(bad))) << bad;
    }
    EXPECT_TRUE(is_manifest_name(QString(64, u'a')));
    EXPECT_FALSE(is_manifest_name(QString(65, u'a')));
    EXPECT_FALSE(is_manifest_name(QStringLiteral("dév")));
}

TEST(Names, VariableNames) {
    for (const char* good : {"A", "_", "a_1", "CLAUDE_CODE_OAUTH_TOKEN"}) {
        EXPECT_TRUE(is_variable_name(QString::fromLatin1(good))) << good;
    }
    for (const char* bad : {"", "1A", "A-B", "A=B", "A B", "A\n", "$A"}) {
        EXPECT_FALSE(is_variable_name(QString::fromLatin1(bad))) << bad;
    }
}

TEST(Names, SkillNamesAreNoPaths) {
    for (const char* good : {"pdf", "Code-Review_2.0"}) {
        EXPECT_TRUE(is_skill_name(QString::fromLatin1(good))) << good;
    }
    for (const char* bad : {"", ".", "..", ".hidden", "a/b", "../x", "a b", "a\n"}) {
        EXPECT_FALSE(is_skill_name(QString::fromLatin1(bad))) << bad;
    }
}

}  // namespace
}  // namespace botbottle
