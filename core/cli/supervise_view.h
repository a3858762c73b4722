// How a proposal is shown to a person: every string of the agent's through visible(), and cut.
#pragma once

#include <QJsonArray>
#include <QString>
#include <QStringList>

#include "bottles/home.h"
#include "supervise/delta.h"
#include "supervise/queue.h"

namespace botbottle::cli {

// One line: what is asked for.
QString proposal_line(const Proposal& proposal);

// "3 min"
QString since(const QDateTime& time);

// Everything that the operator sees before a decision: the request that failed, the reason, the
// last decisions for this bottle. The change itself is delta_lines().
// `marked`: what matters stands out on a terminal.
QStringList proposal_lines(const Home& home, const QueueEntry& entry, bool marked = true);
QStringList delta_lines(const RouteDelta& delta);

QJsonObject entry_json(const QueueEntry& entry);

}  // namespace botbottle::cli
