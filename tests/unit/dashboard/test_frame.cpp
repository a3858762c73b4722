// From one frame to the next: what changed, and nothing else.
#include <gtest/gtest.h>

#include "dashboard/frame.h"

namespace botbottle::dashboard {
namespace {

Frame frame(const QStringList& lines, Look look = Look::Plain) {
    Frame made{20, 3, {}};
    for (const QString& line : lines)
        made.lines += Line{{line, look}};
    return made;
}

TEST(Frame, TheFirstOneIsWrittenWhole) {
    const QByteArray bytes =
        bytes_between({}, frame({QStringLiteral("a"), QStringLiteral("b")}), true);
    EXPECT_TRUE(bytes.startsWith("\033[0m\033[2J"));
    EXPECT_TRUE(bytes.contains("\033[1;1Ha\033[K"));
    EXPECT_TRUE(bytes.contains("\033[2;1Hb\033[K"));
    EXPECT_TRUE(bytes.contains("\033[3;1H\033[K"));
}

TEST(Frame, WhatIsTheSameIsNotWrittenAgain) {
    const Frame before = frame({QStringLiteral("a"), QStringLiteral("b")});
    EXPECT_EQ(bytes_between(before, before, true), QByteArray());
    EXPECT_EQ(bytes_between(before, frame({QStringLiteral("a"), QStringLiteral("c")}), true),
              QByteArray("\033[2;1Hc\033[K"));
    EXPECT_TRUE(
        bytes_between(before, frame({QStringLiteral("a")}), true).contains("\033[2;1H\033[K"));
}

TEST(Frame, AFullLineKeepsItsLastCell) {
    const Frame full = frame({QString(20, u'x'), QStringLiteral("漢字漢字漢字漢字漢字")});
    EXPECT_EQ(bytes_between(frame({}), full, true).count("\033[K"), 0);
}

TEST(Frame, NoColourIsNoColour) {
    for (const Look look :
         {Look::Plain, Look::Bold, Look::Dim, Look::Good, Look::Bad, Look::Warning, Look::Chosen}) {
        const QByteArray bytes = bytes_between({}, frame({QStringLiteral("a")}, look), false);
        for (const char* colour : {"\033[31m", "\033[32m", "\033[33m"})
            EXPECT_FALSE(bytes.contains(colour)) << bytes.toStdString();
    }
    EXPECT_TRUE(
        bytes_between({}, frame({QStringLiteral("a")}, Look::Bad), true).contains("\033[31m"));
}

TEST(Frame, AsText) {
    EXPECT_EQ(plain_text(frame({QStringLiteral("a  "), QStringLiteral("b")})),
              QStringLiteral("a\nb\n"));
}

}  // namespace
}  // namespace botbottle::dashboard
