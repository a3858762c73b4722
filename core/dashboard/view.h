// The model as a frame. Pure: the time is given.
#pragma once

#include <QDateTime>
#include <QStringList>

#include "dashboard/frame.h"
#include "dashboard/model.h"

namespace botbottle::dashboard {

inline constexpr int kLeastColumns = 40;
inline constexpr int kLeastRows = 10;

Frame render(const Model& model, const QDateTime& now);

// How many lines of an overlay's text fit.
int text_height(int rows);

QStringList help_lines();

// "3 min": coarse, so that a screen that nothing happens on seldom changes.
QString age(const QDateTime& since, const QDateTime& now);

// "1.2 MB"
QString short_size(qint64 bytes);

}  // namespace botbottle::dashboard
