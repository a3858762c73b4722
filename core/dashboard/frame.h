// Frame: what the screen shows, and the bytes that turn one frame into the next. Pure.
#pragma once

#include <QByteArray>
#include <QList>
#include <QString>

namespace botbottle::dashboard {

enum class Look { Plain, Bold, Dim, Good, Bad, Warning, Chosen };

struct Span {
    QString text;
    Look look = Look::Plain;

    friend bool operator==(const Span&, const Span&) = default;
};
using Line = QList<Span>;

struct Frame {
    int columns = 0;
    int rows = 0;
    QList<Line> lines;  // at most `rows`; none wider than `columns`
};

// Only the lines that differ are written; all of them when the size does. Without colours what is
// chosen is still inverted: NO_COLOR is about colour alone (no-color.org).
QByteArray bytes_between(const Frame& before, const Frame& now, bool colours);

// For a file or a pipe.
QString plain_text(const Frame& frame);

}  // namespace botbottle::dashboard
