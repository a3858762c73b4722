// What waits for the operator, over all bottles; read from disk each time, for others write there.
#pragma once

#include <QList>
#include <QString>
#include <optional>

#include "base/error.h"
#include "bottles/home.h"
#include "supervise/documents.h"

namespace botbottle {

struct QueueEntry {
    Proposal proposal;
    std::optional<Decision> decision;  // one that is not applied yet leaves the proposal open

    // "pending", "expired" though nobody has written it down yet, "half done", or the decision's.
    QString state() const;
    bool is_open() const { return !decision || !decision->applied; }
};

// First in, first out. Files that are not ours, or not of this version, are left alone.
QList<QueueEntry> open_proposals(const Home& home);

// Those of one bottle that were decided, the latest first.
QList<QueueEntry> decided_proposals(const Home& home, const QString& identity);
QList<QueueEntry> decided_proposals(const Home& home);

// Open or decided. Errors: `usage` for what is no id, `unknown_proposal`.
Result<QueueEntry> find_proposal(const Home& home, const QString& id);

// The files of a proposal.
QString proposal_file(const Home& home, const QString& identity, const QString& id);
QString decision_file(const Home& home, const QString& identity, const QString& id);

}  // namespace botbottle
