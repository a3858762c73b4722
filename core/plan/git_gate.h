// The git-gate's part of a plan: what its sidecar is told, and how the agent's git finds it. Pure.
#pragma once

#include <QJsonArray>
#include <QJsonObject>
#include <QString>

#include "plan/plan.h"

namespace botbottle {

// On the bottle's loopback.
inline constexpr int kGitPort = 9420;

// `git_gate` of the warden's `start` (docs/control-protocol.md). `directory`: of the mirrors, on
// the host.
QJsonObject git_gate_document(const Plan& plan, const QString& directory);

// `git_repos` of the policy: where in the bottle each repo is.
QJsonArray git_gate_addresses(const Plan& plan);

// Lines for ~/.gitconfig in the bottle: every spelling of a declared repo leads to the gate.
QString git_gate_config(const Plan& plan);

}  // namespace botbottle
