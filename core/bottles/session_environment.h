// The environment of every session in a bottle.
#pragma once

#include <QJsonObject>
#include <map>
#include <string>

#include "base/secret.h"
#include "plan/plan.h"

namespace botbottle {

// The port on the bottle's loopback where the relay forwards to the egress.
inline constexpr int kProxyPort = 9099;
// And for the supervise sidecar, where an agent may ask: MCP and plain HTTP.
inline constexpr int kSupervisePort = 9100;

// What the plan asks for, and on top what makes ordinary clients use the one way out and trust its
// certificates. Without the plan's secrets.
QJsonObject session_environment(const Plan& plan);

// For a session's request only, which travels in memory; never for anything that is stored.
QJsonObject with_secrets(QJsonObject environment, const std::map<std::string, Secret>& secrets);

}  // namespace botbottle
