// Asking a provider for its plan, and judging the reply: a provider is trusted code, but its plan
// decides which hosts are opened and which credentials go there, so it is read as strictly as a
// file.
#pragma once

#include <QHash>
#include <QJsonObject>
#include <QList>
#include <QString>
#include <optional>

#include "base/error.h"
#include "manifest/manifest.h"
#include "manifest/settings.h"
#include "plan/plan.h"
#include "plugins/plugin.h"

namespace botbottle {

struct ProvisionInput {
    QJsonObject settings;
    QJsonObject secret_shapes;
    Guest guest;
    QString state_directory;
    bool headless = false;
    QString prompt;     // of the agent's file
    QString user_home;  // the operator's, for the files that the descriptor names
    bool supervise = false;
};

// Where a credential comes from: one of the two.
struct SecretSource {
    QString host_variable;
    std::optional<CredentialFile> file;
};

struct ProviderReply {
    ProviderPlan plan;
    QList<PlannedEnv> env;
    QList<RouteManifest> routes;           // auth.token_ref is a key of `secrets`
    QHash<QString, SecretSource> secrets;  // by name
};

// The provider sees the variables of its descriptor's `host_env`, the files of its `host_files`
// whose setting is true, and of each credential in a variable only how it begins and how long it
// is. Error `bad_provider_plan` lists every problem of the reply.
Result<ProviderReply> ask_provider(const ProviderPlugin& provider, const ProvisionInput& input,
                                   const HostVariables& variables);

// How each credential that the settings name begins and how long it is: all that a provider learns.
QJsonObject secret_shapes(const PluginDescriptor& descriptor, const QJsonObject& settings,
                          const HostVariables& variables);

// The host variables that the settings of format `host-variable` name.
QStringList named_variables(const PluginDescriptor& descriptor, const QJsonObject& settings);

}  // namespace botbottle
