// What terminals send, in whatever pieces it comes.
#include <gtest/gtest.h>

#include "dashboard/keys.h"

namespace botbottle::dashboard {
namespace {

using Kind = Key::Kind;

TEST(Keys, EachByItsBytes) {
    struct Row {
        const char* bytes;
        Kind kind;
    };
    const Row rows[] = {
        {"\r", Kind::Enter},       {"\033[A", Kind::Up},        {"\033OB", Kind::Down},
        {"\033[5~", Kind::PageUp}, {"\033[6~", Kind::PageDown}, {"\033[H", Kind::Home},
        {"\033[4~", Kind::End},    {"\t", Kind::Tab},           {"\033[Z", Kind::BackTab},
        {"\x7f", Kind::Backspace}, {"\033", Kind::Escape},      {"\x03", Kind::Interrupt},
        {"\x0c", Kind::Redraw},    {"\x15", Kind::Clear},       {"\033[1;5A", Kind::Up},
        {"\033[200~", Kind::Other}};
    for (const Row& row : rows) {
        const QList<Key> keys = KeyReader().add(row.bytes);
        ASSERT_EQ(keys.size(), 1) << row.bytes;
        EXPECT_EQ(keys[0].kind, row.kind) << row.bytes;
    }
}

TEST(Keys, TextIsOneCharacterEach) {
    const QList<Key> keys = KeyReader().add("aé漢");
    ASSERT_EQ(keys.size(), 3);
    EXPECT_EQ(keys[0].text, QStringLiteral("a"));
    EXPECT_EQ(keys[1].text, QStringLiteral("é"));
    EXPECT_EQ(keys[2].text, QStringLiteral("漢"));
}

TEST(Keys, InPieces) {
    KeyReader reader;
    EXPECT_TRUE(reader.add("\xc3").isEmpty());
    EXPECT_EQ(reader.add("\xa9"), (QList<Key>{{Kind::Text, QStringLiteral("é")}}));
    EXPECT_TRUE(reader.add("\033[").isEmpty());
    EXPECT_EQ(reader.add("A"), (QList<Key>{{Kind::Up, {}}}));
}

TEST(Keys, WhatIsNoKeyIsNotText) {
    for (const QByteArray& bytes : {QByteArray("\xff"), QByteArray("\x01"), QByteArray("\xc0\x80"),
                                    QByteArray("\033[") + QByteArray(100, '1') + "A"})
        for (const Key& key : KeyReader().add(bytes))
            EXPECT_TRUE(key.kind != Kind::Text || key.text == QStringLiteral("1") ||
                        key.text == QStringLiteral("A"));
}

}  // namespace
}  // namespace botbottle::dashboard
