// One bottle file as it stands, before `extends` is resolved, and the merge of a chain of them.
#pragma once

#include <QList>
#include <QString>
#include <optional>
#include <string>

#include "base/error.h"
#include "manifest/manifest.h"

namespace botbottle {

// A section that the file does not declare is inherited, so absent and empty differ.
struct BottleLayer {
    QString name;
    QString file;
    std::optional<QString> extends;
    Location extends_where;
    QList<EnvEntry> env;
    GitIdentity git_identity;
    std::optional<ProviderManifest> provider;
    std::optional<QList<GitRepo>> repos;
    std::optional<QList<RouteManifest>> routes;
    Budget budget;  // declared with `routes`, in `egress`
    std::optional<bool> supervise;
    std::optional<Resources> resources;
    std::optional<WorkspaceManifest> workspace;
    Places places;
};

// `text` is the file's content. Error `manifest_invalid` lists every problem.
Result<BottleLayer> read_bottle(const QString& name, const QString& file, const std::string& text);

// From the root of the chain down to the bottle itself; `chain` is not empty. env: the child wins;
// git identity: field by field; repos: by name, and an empty map clears them; every other section:
// replaced as a whole where declared. What must hold of the whole is checked here
// (`manifest_invalid`): a file may lean on what it extends.
Result<BottleManifest> merge_bottle(const QList<BottleLayer>& chain);

}  // namespace botbottle
