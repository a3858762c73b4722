// `git-gate.repos`: the repositories that a bottle may clone and push, each with its own key.
#pragma once

#include <QList>

#include "manifest/manifest.h"
#include "manifest/problems.h"
#include "manifest/yaml.h"

namespace botbottle {

// `repos` is the mapping, `path` its key path.
QList<GitRepo> read_git_repos(const yaml::Value& repos, const QString& path, Problems& problems);

}  // namespace botbottle
