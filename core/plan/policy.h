// What a plan says to the warden: documents exactly as docs/control-protocol.md has them.
#pragma once

#include <QJsonArray>
#include <QJsonObject>

#include "plan/plan.h"

namespace botbottle {

QJsonObject policy_document(const Plan& plan, int revision);

// `credential_files` of `start`: the slots whose value the warden reads again when a file changes.
QJsonArray credential_files(const Plan& plan);

}  // namespace botbottle
