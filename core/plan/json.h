// Pieces of a plan as JSON, which the policy, the preflight and the stored plan have in common.
#pragma once

#include <QJsonArray>
#include <QJsonObject>

#include "plan/plan.h"

namespace botbottle {

// A route as docs/control-protocol.md has it; the credential is the name of its slot.
QJsonObject route_to_json(const PlannedRoute& route);
QJsonObject budget_to_json(const Budget& budget);
QJsonArray routes_to_json(const QList<PlannedRoute>& routes);

// `proxy` of a policy's `upstream`, or null.
QJsonValue proxy_to_json(const std::optional<UpstreamProxy>& proxy);

// {path, pointer, expiry, renew}, as the control protocol has it.
QJsonObject credential_file_to_json(const CredentialFile& file);

// Slot names and the names of the host variables, or the files, behind them.
QJsonArray credentials_to_json(const QList<CredentialSlot>& credentials);

// {name, url, identity, host_key, rules}, as the preflight and the stored plan have them.
QJsonArray repos_to_json(const QList<PlannedRepo>& repos);

// {branches, force, delete, paths, dlp, max_push_size}, as the control protocol has them.
QJsonObject repo_rules_to_json(const RepoRules& rules);

// {name, email, claimed}, null for what is not set.
QJsonObject git_identity_to_json(const Plan& plan);

QJsonValue text_or_null(const QString& text);
QJsonObject resources_to_json(const Resources& resources);
QString to_string(PlannedEnv::Source source);

}  // namespace botbottle
