// The two documents of the queue (docs/supervise.md, "The queue on disk").
//
// Whatever the agent wrote is in `justification` and `payload`: it goes to a terminal through
// visible() (manifest/text.h) alone.
#pragma once

#include <QDateTime>
#include <QJsonObject>
#include <QString>
#include <optional>

#include "base/error.h"

namespace botbottle {

struct Proposal {
    QString id;
    QString identity;
    QString tool;
    QDateTime created;
    QDateTime expires;
    QString justification;
    QJsonObject payload;
    QJsonObject base;  // {revision, digest} of the policy that it was made against
};

struct Decision {
    QString id;
    QString status;  // approved, modified, rejected, expired
    QString notes;   // for the agent
    QJsonObject payload;
    QString decided_by;
    QString scope;  // once, session, always; empty when nothing was granted
    QDateTime decided;
    bool applied = true;
};

bool is_proposal_id(const QString& text);

Result<Proposal> proposal_from_json(const QJsonObject& object);
Result<Decision> decision_from_json(const QJsonObject& object);
QJsonObject to_json(const Proposal& proposal);
QJsonObject to_json(const Decision& decision);

}  // namespace botbottle
