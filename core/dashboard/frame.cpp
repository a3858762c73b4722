#include "dashboard/frame.h"

#include "dashboard/cells.h"

namespace botbottle::dashboard {
namespace {

const char* code_of(Look look, bool colours) {
    switch (look) {
        case Look::Bold:
            return "1";
        case Look::Dim:
            return "2";
        case Look::Chosen:
            return "7";
        case Look::Good:
            return colours ? "32" : "";
        case Look::Bad:
            return colours ? "31" : "1";
        case Look::Warning:
            return colours ? "33" : "";
        case Look::Plain:
            break;
    }
    return "";
}

QByteArray bytes_of(const Line& line, bool colours) {
    QByteArray bytes;
    for (const Span& span : line) {
        const QByteArray code = code_of(span.look, colours);
        if (!code.isEmpty()) bytes += "\033[" + code + 'm';
        bytes += span.text.toUtf8();
        if (!code.isEmpty()) bytes += "\033[0m";
    }
    return bytes;
}

int width(const Line& line) {
    int cells = 0;
    for (const Span& span : line)
        cells += cells_of(span.text);
    return cells;
}

}  // namespace

QByteArray bytes_between(const Frame& before, const Frame& now, bool colours) {
    const bool all = before.columns != now.columns || before.rows != now.rows;
    QByteArray bytes;
    if (all) bytes += "\033[0m\033[2J";
    for (int row = 0; row < now.rows; ++row) {
        const Line line = now.lines.value(row);
        if (!all && before.lines.value(row) == line) continue;
        bytes += "\033[" + QByteArray::number(row + 1) + ";1H" + bytes_of(line, colours);
        // Behind a full line the cursor still stands on its last cell, which would be erased.
        if (width(line) < now.columns) bytes += "\033[K";
    }
    return bytes;
}

QString plain_text(const Frame& frame) {
    QString text;
    for (const Line& line : frame.lines) {
        QString row;
        for (const Span& span : line)
            row += span.text;
        while (row.endsWith(QLatin1Char(' ')))
            row.chop(1);
        text += row + QLatin1Char('\n');
    }
    return text;
}

}  // namespace botbottle::dashboard
