// What each key does, and that rows stay where they are.
#include <gtest/gtest.h>

#include "dashboard/model.h"

namespace botbottle::dashboard {
namespace {

using Kind = Action::Kind;

Key text(const char* words) {
    return {Key::Kind::Text, QString::fromUtf8(words)};
}
Key key(Key::Kind kind) {
    return {kind, {}};
}

ProposalRow proposal(const char* id, const char* identity) {
    return {QLatin1String(id), QLatin1String(identity), QStringLiteral("GET to api.example.com"),
            QStringLiteral("pending"), QDateTime::currentDateTimeUtc()};
}

BottleRow bottle(const char* identity) {
    BottleRow row;
    row.identity = QLatin1String(identity);
    row.state = QStringLiteral("running");
    row.running = true;
    return row;
}

class Dashboard : public testing::Test {
  protected:
    Dashboard() {
        model.set_bottles({bottle("a-11111"), bottle("b-22222"), bottle("c-33333")});
        model.set_proposals({proposal("p-aaaaaaaa", "b-22222"), proposal("p-bbbbbbbb", "c-33333")});
    }

    Action press(const Key& pressed) { return model.handle(pressed); }
    void to_proposals() {
        while (model.pane() != Pane::Proposals)
            press(key(Key::Kind::Tab));
    }

    Model model;
};

TEST_F(Dashboard, EnterAttachesToTheChosenBottle) {
    press(key(Key::Kind::Down));
    const Action action = press(key(Key::Kind::Enter));
    EXPECT_EQ(action.kind, Kind::Attach);
    EXPECT_EQ(action.subject, QStringLiteral("b-22222"));
}

TEST_F(Dashboard, TheChosenRowIsTheSameWhenOthersComeAndGo) {
    press(key(Key::Kind::End));
    model.set_bottles({bottle("0-00000"), bottle("a-11111"), bottle("c-33333")});
    EXPECT_EQ(press(key(Key::Kind::Enter)).subject, QStringLiteral("c-33333"));
    model.set_bottles({bottle("a-11111")});
    EXPECT_EQ(press(key(Key::Kind::Enter)).subject, QStringLiteral("a-11111"));
    model.set_bottles({});
    EXPECT_EQ(press(key(Key::Kind::Enter)).kind, Kind::None);
}

TEST_F(Dashboard, ApprovalShowsBeforeItGrants) {
    to_proposals();
    Action action = press(text("a"));
    EXPECT_EQ(action.kind, Kind::Preview);
    EXPECT_EQ(action.subject, QStringLiteral("p-aaaaaaaa"));
    EXPECT_EQ(action.text, QStringLiteral("session"));
    model.show_change(action.subject, action.text, {QStringLiteral("change:  adds GET")}, true);
    EXPECT_EQ(press(text("o")).text, QStringLiteral("once"));
    EXPECT_EQ(press(text("A")).text, QStringLiteral("always"));
    EXPECT_EQ(press(text("z")).kind, Kind::None);
    EXPECT_EQ(model.mode(), Mode::Approve) << "another key decides nothing";
    EXPECT_EQ(press(key(Key::Kind::Enter)).kind, Kind::None) << "Enter is no yes";
    action = press(text("y"));
    EXPECT_EQ(action.kind, Kind::Grant);
    EXPECT_EQ(action.subject, QStringLiteral("p-aaaaaaaa"));
}

TEST_F(Dashboard, NothingIsGrantedThatWasNotShownToItsEnd) {
    QStringList lines;
    for (int line = 0; line < 100; ++line)
        lines += QStringLiteral("line %1").arg(line);
    model.show_change(QStringLiteral("p-aaaaaaaa"), QStringLiteral("session"), lines, true);
    EXPECT_EQ(press(text("y")).kind, Kind::None);
    EXPECT_TRUE(model.status().contains(QLatin1String("PgDn")));
    press(key(Key::Kind::End));
    EXPECT_EQ(press(text("y")).kind, Kind::Grant);
}

TEST_F(Dashboard, WhatCannotBeGrantedIsNot) {
    model.show_change(QStringLiteral("p-aaaaaaaa"), QStringLiteral("once"), {}, false);
    EXPECT_EQ(press(text("y")).kind, Kind::None);
    for (const Key& no : {text("n"), key(Key::Kind::Escape), key(Key::Kind::Interrupt)}) {
        model.show_change(QStringLiteral("p-aaaaaaaa"), QStringLiteral("session"), {}, true);
        EXPECT_EQ(press(no).kind, Kind::None);
        EXPECT_EQ(model.mode(), Mode::Lists);
    }
}

TEST_F(Dashboard, ARejectionNeedsAReason) {
    to_proposals();
    press(key(Key::Kind::Down));
    press(text("r"));
    EXPECT_EQ(model.mode(), Mode::Reason);
    EXPECT_EQ(press(key(Key::Kind::Enter)).kind, Kind::None);
    for (const char* typed : {"n", "o", "x"})
        press(text(typed));
    press(key(Key::Kind::Backspace));
    const Action action = press(key(Key::Kind::Enter));
    EXPECT_EQ(action.kind, Kind::Reject);
    EXPECT_EQ(action.subject, QStringLiteral("p-bbbbbbbb"));
    EXPECT_EQ(action.text, QStringLiteral("no"));
}

TEST_F(Dashboard, StopAsks) {
    press(text("x"));
    EXPECT_EQ(model.mode(), Mode::Stop);
    EXPECT_EQ(press(key(Key::Kind::Enter)).kind, Kind::None);
    press(text("x"));
    const Action action = press(text("y"));
    EXPECT_EQ(action.kind, Kind::Stop);
    EXPECT_EQ(action.subject, QStringLiteral("a-11111"));
}

TEST_F(Dashboard, TheFilterNarrowsAllLists) {
    model.add_activity({QStringLiteral("b-22222"), QStringLiteral("deny GET x"), true});
    press(text("/"));
    press(text("b"));
    press(text("-"));
    EXPECT_EQ(model.bottles().size(), 1);
    EXPECT_EQ(model.proposals().size(), 1);
    EXPECT_EQ(model.activity().size(), 1);
    press(key(Key::Kind::Enter));
    EXPECT_EQ(press(text("x")).kind, Kind::None);
    EXPECT_EQ(press(text("y")).subject, QStringLiteral("b-22222"));
    press(key(Key::Kind::Escape));
    EXPECT_EQ(model.bottles().size(), 3);
    press(text("/"));
    press(text("c"));
    press(key(Key::Kind::Escape));
    EXPECT_EQ(model.bottles().size(), 3) << "Esc leaves it as it was";
}

TEST_F(Dashboard, ThePickerFindsAnAgent) {
    EXPECT_EQ(press(text("n")).kind, Kind::Pick);
    model.show_agents(
        {QStringLiteral("coder"), QStringLiteral("reviewer"), QStringLiteral("writer")});
    press(text("e"));
    press(text("r"));
    press(text("q"));
    EXPECT_EQ(press(key(Key::Kind::Enter)).kind, Kind::None) << "nobody of that name";
    press(key(Key::Kind::Backspace));
    press(key(Key::Kind::Down));
    const Action action = press(key(Key::Kind::Enter));
    EXPECT_EQ(action.kind, Kind::Start);
    EXPECT_EQ(action.subject, QStringLiteral("reviewer"));
}

TEST_F(Dashboard, KeysWithoutAnythingToActOn) {
    Model empty;
    for (const char* command : {"a", "e", "r", "x", "p", "s"}) {
        EXPECT_EQ(empty.handle(text(command)).kind, Kind::None) << command;
        EXPECT_FALSE(empty.status().isEmpty()) << command;
        EXPECT_EQ(empty.mode(), Mode::Lists) << command;
    }
    EXPECT_EQ(empty.handle(text("q")).kind, Kind::Quit);
    EXPECT_EQ(empty.handle(key(Key::Kind::Interrupt)).kind, Kind::Quit);
}

TEST_F(Dashboard, ReadingWhatWasStaysThere) {
    for (int line = 0; line < 50; ++line)
        model.add_activity({QStringLiteral("a"), QString::number(line), false});
    press(key(Key::Kind::BackTab));
    press(key(Key::Kind::BackTab));
    ASSERT_EQ(model.pane(), Pane::Activity);
    press(key(Key::Kind::Up));
    model.add_activity({QStringLiteral("a"), QStringLiteral("50"), false});
    EXPECT_EQ(model.activity_back(), 2);
    for (int line = 0; line < 1000; ++line)
        model.add_activity({QStringLiteral("a"), QString::number(line), false});
    EXPECT_LE(model.activity().size(), 500);
}

}  // namespace
}  // namespace botbottle::dashboard
