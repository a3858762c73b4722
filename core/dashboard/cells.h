// How wide text is on a terminal, and text cut or filled to a width. Pure.
#pragma once

#include <QString>
#include <QStringList>

namespace botbottle::dashboard {

// In cells: 2 for wide characters, 0 for what combines with the one before.
int cells_of(const QString& text);

// At most that many cells; what was cut ends with "…".
QString clipped(const QString& text, int cells);

// Exactly that many.
QString padded(const QString& text, int cells);
QString right_aligned(const QString& text, int cells);

// Lines of at most that many cells, nothing left out; what goes on is indented.
QStringList wrapped(const QStringList& lines, int cells);

}  // namespace botbottle::dashboard
