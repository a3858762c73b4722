// What a bottle leaves outside of its state: the warden's log and the record of decisions. Both
// outlive it, unless there is nothing in them.
#pragma once

#include <QString>

#include "bottles/home.h"

namespace botbottle {

void remove_empty_log(const Home& home, const QString& identity);

// A record without a single decision tells of nothing but a start and an end.
void remove_idle_record(const Home& home, const QString& identity);

}  // namespace botbottle
