// Text on a grid of cells: wide and combining characters, cutting, wrapping.
#include <gtest/gtest.h>

#include "dashboard/cells.h"

namespace botbottle::dashboard {
namespace {

TEST(Cells, CountWhatATerminalShows) {
    EXPECT_EQ(cells_of(QString()), 0);
    EXPECT_EQ(cells_of(QStringLiteral("abc")), 3);
    EXPECT_EQ(cells_of(QStringLiteral("漢字")), 4);
    EXPECT_EQ(cells_of(QString::fromUtf8("e\u0301")), 1);  // with an accent of its own
    EXPECT_EQ(cells_of(QString::fromUtf8("\U0001F4E6")), 2);
}

TEST(Cells, CutNeverInTheMiddleOfACharacter) {
    EXPECT_EQ(clipped(QStringLiteral("abc"), 3), QStringLiteral("abc"));
    EXPECT_EQ(clipped(QStringLiteral("abcd"), 3), QStringLiteral("ab…"));
    EXPECT_EQ(clipped(QStringLiteral("漢字漢"), 4), QStringLiteral("漢…"));
    EXPECT_EQ(clipped(QString::fromUtf8("\U0001F4E6\U0001F4E6"), 3),
              QString::fromUtf8("\U0001F4E6…"));
    EXPECT_EQ(clipped(QStringLiteral("abc"), 0), QString());
}

TEST(Cells, PadToExactlyThatMany) {
    for (const char* text : {"", "a", "漢", "漢字漢字漢字", "abcdefgh"}) {
        EXPECT_EQ(cells_of(padded(QString::fromUtf8(text), 5)), 5) << text;
        EXPECT_EQ(cells_of(right_aligned(QString::fromUtf8(text), 5)), 5) << text;
    }
    EXPECT_EQ(right_aligned(QStringLiteral("7"), 3), QStringLiteral("  7"));
}

TEST(Cells, WrapLosesNothing) {
    const QString long_line = QStringLiteral("change:  adds GET to ") + QString(200, u'x') +
                              QStringLiteral(" and more words behind it");
    const QStringList lines = wrapped({long_line, QString(), QStringLiteral("end")}, 40);
    QString again;
    for (qsizetype at = 0; at + 2 < lines.size(); ++at) {
        EXPECT_LE(cells_of(lines[at]), 40);
        again += at == 0 ? lines[at] : lines[at].mid(9);
    }
    EXPECT_EQ(again, long_line);
    EXPECT_EQ(lines[lines.size() - 2], QString());
    EXPECT_EQ(lines.last(), QStringLiteral("end"));
    // Where not even one character fits, it ends all the same.
    EXPECT_EQ(wrapped({QStringLiteral("漢字")}, 1).size(), 2);
}

}  // namespace
}  // namespace botbottle::dashboard
