// Every screen fits its terminal, whatever there is to show.
#include <gtest/gtest.h>

#include "dashboard/cells.h"
#include "dashboard/view.h"

namespace botbottle::dashboard {
namespace {

const QDateTime kNow = QDateTime::fromString(QStringLiteral("2026-11-30T12:00:00Z"), Qt::ISODate);

Model full(int bottles, int proposals) {
    Model model;
    QList<BottleRow> rows;
    for (int number = 0; number < bottles; ++number) {
        BottleRow row;
        row.identity = QStringLiteral("a-rather-long-name-of-an-agent-%1").arg(number);
        row.state = number % 3 == 0 ? QStringLiteral("egress was restarted 12×")
                                    : QStringLiteral("running");
        row.running = true;
        row.provider = QStringLiteral("claude");
        row.started = kNow.addSecs(-4000 * number);
        row.allowed = 1234567890;
        row.denied = 99999;
        row.bytes = 123456789012345;
        row.open = 3;
        rows += row;
    }
    QList<ProposalRow> waiting;
    for (int number = 0; number < proposals; ++number)
        waiting += {QStringLiteral("p-%1").arg(number, 8, 10, QLatin1Char('0')),
                    QStringLiteral("漢字漢字漢字漢字-1"), QString(500, QChar(0x6F22)),
                    QStringLiteral("half done"), kNow.addDays(-number)};
    model.set_bottles(rows);
    model.set_proposals(waiting);
    for (int number = 0; number < 300; ++number)
        model.add_activity({QStringLiteral("somebody"), QString(300, u'x'), number % 2 == 0});
    return model;
}

void expect_fits(const Frame& frame, const char* what) {
    EXPECT_LE(frame.lines.size(), frame.rows) << what;
    for (const Line& line : frame.lines) {
        int cells = 0;
        for (const Span& span : line)
            cells += cells_of(span.text);
        EXPECT_LE(cells, frame.columns) << what << ' ' << frame.columns << " by " << frame.rows;
    }
}

TEST(View, FitsEverySize) {
    for (const auto& [columns, rows] : {std::pair{80, 24},
                                        {200, 60},
                                        {40, 10},
                                        {41, 11},
                                        {120, 12},
                                        {1, 1},
                                        {39, 9},
                                        {500, 200}}) {
        for (const int count : {0, 1, 50}) {
            Model model = full(count, count);
            model.set_size(columns, rows);
            model.set_problem(QString(300, u'p'));
            expect_fits(render(model, kNow), "lists");
            model.show_change(QStringLiteral("p-aaaaaaaa"), QStringLiteral("session"),
                              {QString(3000, QChar(0x6F22))}, true);
            expect_fits(render(model, kNow), "approve");
            model.show_agents({QString(300, u'a'), QStringLiteral("b")});
            expect_fits(render(model, kNow), "picker");
            model.show_lists();
            model.handle({Key::Kind::Text, QStringLiteral("r")});
            for (int typed = 0; typed < 300; ++typed)
                model.handle({Key::Kind::Text, QStringLiteral("漢")});
            expect_fits(render(model, kNow), "reason");
        }
    }
}

TEST(View, TheChosenRowIsAlwaysOnTheScreen) {
    Model model = full(50, 2);
    for (int step = 0; step < 60; ++step) {
        const QString shown = plain_text(render(model, kNow));
        const auto row = model.bottles().at(model.chosen(Pane::Bottles));
        EXPECT_TRUE(shown.contains(QStringLiteral("> ") + clipped(row.identity, 22))) << step;
        model.handle({Key::Kind::Down, {}});
    }
}

TEST(View, SaysWhatMatters) {
    Model model = full(2, 1);
    model.set_size(120, 24);
    model.set_problem(QStringLiteral("dev.md:3: unknown key \"egres\""));
    const QString shown = plain_text(render(model, kNow));
    for (const char* words : {"2 running", "1 proposal waits for you", "p-00000000", "half done",
                              "dev.md:3: unknown key", "n start", "q quit"})
        EXPECT_TRUE(shown.contains(QString::fromUtf8(words))) << words;
}

TEST(View, Ages) {
    EXPECT_EQ(age(kNow.addSecs(-3), kNow), QStringLiteral("<1 min"));
    EXPECT_EQ(age(kNow.addSecs(-3599), kNow), QStringLiteral("59 min"));
    EXPECT_EQ(age(kNow.addSecs(-7200), kNow), QStringLiteral("2 h"));
    EXPECT_EQ(age(kNow.addDays(-3), kNow), QStringLiteral("3 d"));
    EXPECT_EQ(age(kNow.addDays(3), kNow), QStringLiteral("<1 min"));
    EXPECT_EQ(short_size(999), QStringLiteral("999 B"));
    EXPECT_EQ(short_size(1234), QStringLiteral("1.2 kB"));
    EXPECT_EQ(short_size(123'456'789), QStringLiteral("123 MB"));
}

}  // namespace
}  // namespace botbottle::dashboard
