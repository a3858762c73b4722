// What the operator sees before a launch, as text and as the document `botbottle.preflight/1`.
// Secrets by name only, the provider's placeholders not at all. The same on every backend.
#pragma once

#include <QJsonObject>
#include <QString>
#include <QStringList>

#include "plan/plan.h"

namespace botbottle {

// `probe` is the backend's reply; its `limits` say which of the plan's limits will not hold.
QStringList unheld_limits(const Plan& plan, const QJsonObject& probe);

QString preflight_text(const Plan& plan, const QStringList& unheld);
QJsonObject preflight_json(const Plan& plan, const QStringList& unheld);

}  // namespace botbottle
