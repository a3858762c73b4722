#include "dashboard/view.h"

#include <algorithm>

#include "dashboard/cells.h"

namespace botbottle::dashboard {
namespace {

constexpr int kOwnRows = 3;  // the head, the status line, the keys

QString text(const char* words) {
    return QString::fromUtf8(words);
}

struct Window {
    int top;
    int rows;
};

// The part of a list that holds the chosen row.
Window window(int count, int rows, int chosen) {
    const int top = std::clamp(chosen - rows / 2, 0, std::max(0, count - rows));
    return {top, std::min(rows, count - top)};
}

Line title(const QString& name, bool active, int columns) {
    const QString words = QStringLiteral("─ %1 ").arg(name);
    return {{padded(words, std::min(columns, cells_of(words))), active ? Look::Bold : Look::Dim},
            {QString(std::max(0, columns - cells_of(words)), QChar(0x2500)), Look::Dim}};
}

QString counted(const char* name, int count, const Window& shown) {
    QString words = QStringLiteral("%1 (%2").arg(QLatin1String(name)).arg(count);
    if (shown.rows < count)
        words += QStringLiteral(", %1–%2 shown").arg(shown.top + 1).arg(shown.top + shown.rows);
    return words + QLatin1Char(')');
}

// What is chosen is marked besides, for who sees no inversion.
QString mark(bool chosen) {
    return chosen ? QStringLiteral("> ") : QStringLiteral("  ");
}

Line proposal_line(const ProposalRow& row, bool chosen, int columns, const QDateTime& now) {
    QString words = mark(chosen) + padded(row.id, 12) +
                    padded(row.identity, columns >= 120 ? 30 : 18) + QLatin1Char(' ') +
                    right_aligned(age(row.created, now), 6) + QStringLiteral("  ");
    if (row.state != QLatin1String("pending")) words += row.state + QStringLiteral(": ");
    words += row.asks;
    return {{padded(words, columns), chosen ? Look::Chosen : Look::Plain}};
}

struct Columns {
    int identity;
    int state;
    int provider;
};

Columns columns_for(int columns) {
    return columns >= 120 ? Columns{40, 28, 14} : Columns{22, 12, 8};
}

QString bottle_head(int columns) {
    const Columns widths = columns_for(columns);
    return QStringLiteral("  ") + padded(text("BOTTLE"), widths.identity) + QLatin1Char(' ') +
           padded(text("STATE"), widths.state) + QLatin1Char(' ') +
           padded(text("PROVIDER"), widths.provider) + right_aligned(text("UP"), 7) +
           right_aligned(text("OK"), 7) + right_aligned(text("DENIED"), 7) +
           right_aligned(text("BYTES"), 8) + right_aligned(text("OPEN"), 5);
}

Line bottle_line(const BottleRow& row, bool chosen, int columns, const QDateTime& now) {
    const Columns widths = columns_for(columns);
    const QString before = mark(chosen) + padded(row.identity, widths.identity) + QLatin1Char(' ');
    const QString state = padded(row.state, widths.state);
    const QString middle = QLatin1Char(' ') + padded(row.provider, widths.provider) +
                           right_aligned(row.running ? age(row.started, now) : QString(), 7) +
                           right_aligned(QString::number(row.allowed), 7);
    const QString denied = right_aligned(QString::number(row.denied), 7);
    const QString size = right_aligned(short_size(row.bytes), 8);
    const QString open = right_aligned(row.open > 0 ? QString::number(row.open) : QString(), 5);
    if (chosen)
        return {{padded(before + state + middle + denied + size + open, columns), Look::Chosen}};
    const QString rest = before + state + middle + denied + size + open;
    if (cells_of(rest) > columns) return {{clipped(rest, columns), Look::Plain}};
    return {{before, Look::Plain}, {state, row.running ? Look::Good : Look::Warning},
            {middle, Look::Plain}, {denied, row.denied > 0 ? Look::Bad : Look::Plain},
            {size, Look::Plain},   {open, Look::Warning}};
}

Line activity_line(const ActivityRow& row, int columns) {
    const int name = columns >= 120 ? 30 : 18;
    return {{QStringLiteral("  ") + padded(row.identity, name) + QLatin1Char(' '), Look::Dim},
            {clipped(row.text, columns - name - 3), row.denied ? Look::Bad : Look::Plain}};
}

Line empty_line(const char* words, int columns) {
    return {{clipped(QStringLiteral("  ") + text(words), columns), Look::Dim}};
}

Line head(const Model& model) {
    int running = 0;
    for (const BottleRow& row : model.all_bottles())
        running += row.running ? 1 : 0;
    const auto waiting = static_cast<int>(model.proposals_in_all());
    QString words = QStringLiteral("botbottle  %1 running · ").arg(running);
    const QString asks = waiting == 0   ? QStringLiteral("no agent waits for you")
                         : waiting == 1 ? QStringLiteral("1 proposal waits for you")
                                        : QStringLiteral("%1 proposals wait for you").arg(waiting);
    if (!model.filter().isEmpty() && model.mode() != Mode::Filter)
        words = QStringLiteral("botbottle  filter “%1” · ").arg(model.filter());
    Line line{{clipped(words, model.columns()), Look::Bold}};
    line += {clipped(asks, model.columns() - cells_of(line[0].text)),
             waiting > 0 ? Look::Warning : Look::Plain};
    return line;
}

// The screen's last line: what can be done now.
QString keys(const Model& model) {
    switch (model.mode()) {
        case Mode::Filter:
            return text("filter: ") + model.filter() + text("▏ Enter keeps it, Esc does not");
        case Mode::Reason:
            return text("reject ") + model.subject() + text(", because: ") + model.typed() +
                   text("▏");
        case Mode::Stop:
            return text("stop ") + model.subject() + text("? y stops it, any other key does not");
        case Mode::Picker:
            return text("start: ") + model.typed() + text("▏ ↑↓ choose, Enter starts, Esc leaves");
        case Mode::Text:
            return text("↑↓ PgUp PgDn scroll, any other key goes back");
        case Mode::Approve:
            if (!model.possible()) return text("o once  s session  A always  n nothing");
            return text("grant this (") + model.scope() +
                   text(")? y yes  n no  o once  s session  A always");
        case Mode::Lists:
            break;
    }
    const QString enter = model.pane() == Pane::Proposals ? text("show") : text("attach");
    QString words =
        text("n start  Enter ") + enter +
        text("  x stop  a approve  e edit  r reject  p policy  / filter  ? help  q quit");
    if (model.columns() < cells_of(words))
        words = text("n start ⏎ ") + enter +
                text(" x stop a approve e edit r reject p policy / find ? help q quit");
    if (model.columns() < cells_of(words)) words = text("n ⏎ x a e r p / ? help q quit");
    return words;
}

void add_overlay(Frame& frame, const Model& model) {
    const QStringList lines = model.text();
    const int shown = model.text_rows();
    QString name = model.title();
    if (lines.size() > shown)
        name += QStringLiteral(" (%1–%2 of %3)")
                    .arg(model.text_top() + 1)
                    .arg(std::min<qsizetype>(model.text_top() + shown, lines.size()))
                    .arg(lines.size());
    frame.lines += title(name, true, model.columns());
    for (int row = 0; row < shown; ++row) {
        const QString line = lines.value(model.text_top() + row);
        const bool change =
            line.startsWith(QLatin1String("change:")) || line.startsWith(QLatin1String("cannot:"));
        frame.lines += {{clipped(QStringLiteral(" ") + line, model.columns()),
                         change ? Look::Bold : Look::Plain}};
    }
}

void add_picker(Frame& frame, const Model& model) {
    const QStringList names = model.agents();
    const int rows = model.rows() - kOwnRows - 1;
    const Window shown = window(static_cast<int>(names.size()), rows, model.agent());
    frame.lines += title(counted("start which agent?", static_cast<int>(names.size()), shown), true,
                         model.columns());
    if (names.isEmpty()) frame.lines += empty_line("there is none of that name", model.columns());
    for (int row = shown.top; row < shown.top + shown.rows; ++row) {
        const bool chosen = row == model.agent();
        frame.lines += {{padded(mark(chosen) + names[row], model.columns()),
                         chosen ? Look::Chosen : Look::Plain}};
    }
}

struct Heights {
    int proposals;
    int bottles;
    int activity;
};

// What waits goes first; what is left over shows what happens.
Heights heights(const Model& model) {
    const int room = std::max(3, model.rows() - kOwnRows - 4);  // three titles and the table's head
    const int waiting = std::max(1, static_cast<int>(model.proposals().size()));
    const int listed = std::max(1, static_cast<int>(model.bottles().size()));
    Heights rows{std::min(waiting, std::max(1, room / 3)), std::min(listed, std::max(1, room / 2)),
                 0};
    rows.activity = std::max(0, room - rows.proposals - rows.bottles);
    return rows;
}

void add_lists(Frame& frame, const Model& model, const QDateTime& now) {
    const int columns = model.columns();
    const Heights rows = heights(model);
    const QList<ProposalRow> proposals = model.proposals();
    const QList<BottleRow> bottles = model.bottles();
    const QList<ActivityRow> activity = model.activity();

    const bool on_proposals = model.pane() == Pane::Proposals;
    const int proposal = model.chosen(Pane::Proposals);
    Window shown = window(static_cast<int>(proposals.size()), rows.proposals, proposal);
    frame.lines += title(counted("proposals", static_cast<int>(proposals.size()), shown),
                         on_proposals, columns);
    if (proposals.isEmpty()) frame.lines += empty_line("nothing waits", columns);
    for (int row = shown.top; row < shown.top + shown.rows; ++row)
        frame.lines += proposal_line(proposals[row], on_proposals && row == proposal, columns, now);

    const bool on_bottles = model.pane() == Pane::Bottles;
    const int bottle = model.chosen(Pane::Bottles);
    shown = window(static_cast<int>(bottles.size()), rows.bottles, bottle);
    frame.lines +=
        title(counted("bottles", static_cast<int>(bottles.size()), shown), on_bottles, columns);
    frame.lines += {{clipped(bottle_head(columns), columns), Look::Dim}};
    if (bottles.isEmpty()) frame.lines += empty_line("none runs: n starts one", columns);
    for (int row = shown.top; row < shown.top + shown.rows; ++row)
        frame.lines += bottle_line(bottles[row], on_bottles && row == bottle, columns, now);

    const int count = static_cast<int>(activity.size());
    const int end = count - std::min(model.activity_back(), std::max(0, count - rows.activity));
    QString name = QStringLiteral("activity");
    if (end < count) name += QStringLiteral(" (%1 newer below)").arg(count - end);
    frame.lines += title(name, model.pane() == Pane::Activity, columns);
    for (int row = std::max(0, end - rows.activity); row < end; ++row)
        frame.lines += activity_line(activity[row], columns);
}

}  // namespace

int text_height(int rows) {
    return std::max(1, rows - kOwnRows - 1);
}

QString age(const QDateTime& since, const QDateTime& now) {
    const qint64 seconds = std::max<qint64>(0, since.secsTo(now));
    if (seconds < 60) return QStringLiteral("<1 min");
    if (seconds < 3600) return QStringLiteral("%1 min").arg(seconds / 60);
    if (seconds < 48 * 3600) return QStringLiteral("%1 h").arg(seconds / 3600);
    return QStringLiteral("%1 d").arg(seconds / (24 * 3600));
}

QString short_size(qint64 bytes) {
    static constexpr const char* kUnits[] = {"B", "kB", "MB", "GB", "TB"};
    double size = static_cast<double>(bytes);
    int unit = 0;
    while (size >= 999.5 && unit < 4) {
        size /= 1000;
        ++unit;
    }
    return QStringLiteral("%1 %2")
        .arg(size, 0, 'f', unit == 0 || size >= 9.95 ? 0 : 1)
        .arg(QLatin1String(kUnits[unit]));
}

QStringList help_lines() {
    QStringList lines;
    for (const char* line :
         {"Tab        the next list: proposals, bottles, activity",
          "↑ ↓ j k    up and down; PgUp, PgDn, Home, End",
          "Enter      a proposal: all of it; a bottle: attach (Ctrl-] d comes back)",
          "n          start an agent: choose it, see the preflight, y or n",
          "x          stop the bottle, after a question",
          "a          approve: the exact change is shown, then y; o once, s session, A always",
          "e          edit in $EDITOR what is granted, then approve",
          "r          reject, with a reason that the agent is told",
          "p          the bottle's live policy", "s          attach in a split, inside tmux",
          "/          show only what holds a word; Esc shows all",
          "Ctrl-L     draw the screen again", "q          leave: bottles go on", "",
          "New proposals ring once. Nothing is granted that was not shown to its last line, and a",
          "policy that moves meanwhile is shown and asked about again. `botbottle egress revoke`",
          "takes a grant back."})
        lines += QString::fromUtf8(line);
    return lines;
}

Frame render(const Model& model, const QDateTime& now) {
    Frame frame;
    frame.columns = model.columns();
    frame.rows = model.rows();
    if (model.columns() < kLeastColumns || model.rows() < kLeastRows) {
        frame.lines +=
            {{clipped(QStringLiteral("%1×%2 cells are needed").arg(kLeastColumns).arg(kLeastRows),
                      model.columns()),
              Look::Plain}};
        return frame;
    }
    frame.lines += head(model);
    if (model.mode() == Mode::Text || model.mode() == Mode::Approve)
        add_overlay(frame, model);
    else if (model.mode() == Mode::Picker)
        add_picker(frame, model);
    else
        add_lists(frame, model, now);
    while (frame.lines.size() < model.rows() - 2)
        frame.lines += Line{};
    frame.lines = frame.lines.mid(0, model.rows() - 2);
    frame.lines += {{clipped(model.status(), model.columns()), Look::Warning}};
    // The end of what is typed stays in sight.
    QString last = keys(model);
    if (model.mode() == Mode::Reason || model.mode() == Mode::Filter)
        while (cells_of(last) > model.columns() && !last.isEmpty())
            last.remove(0, 1);
    frame.lines += {{clipped(last, model.columns()), Look::Dim}};
    return frame;
}

}  // namespace botbottle::dashboard
