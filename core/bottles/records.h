// What a bottle leaves outside of its state: the warden's log and the record of decisions. Both
// outlive it, unless there is nothing in them.
#pragma once

#include <QString>

#include "bottles/home.h"

namespace botbottle {

void remove_empty_log(const Home& home, const QString& identity);

// A record without a single decision tells of nothing but a start and an end.
void remove_idle_record(const Home& home, const QString& identity);

// Record, log and proposals of each bottle that is no more and whose record was last written more
// than so many days ago. What runs and what is preserved keeps its own.
void remove_old_records(const Home& home, int days);

}  // namespace botbottle
