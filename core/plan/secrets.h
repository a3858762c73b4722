// The secrets of one launch: read once from the host, held as Secret, and wiped from this process's
// own environment right after.
#pragma once

#include <QString>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/secret.h"
#include "plan/plan.h"

namespace botbottle {

struct LaunchSecrets {
    std::map<std::string, Secret> credentials;  // by slot: for the warden, never for the bottle
    std::map<std::string, Secret> env;          // by name: for the bottle's sessions
};

// What the warden is given. The keys are apart, because the egress gets all of the credentials.
struct WardenSecrets {
    std::map<std::string, Secret> credentials;  // by slot
    std::map<std::string, Secret> git_keys;     // by repo
};

// Asks the operator without echo. An error when there is nobody to ask.
using AskSecret = std::function<Result<Secret>(const QString& name, const QString& prompt)>;

// Errors: `missing_variable` naming it and what wants it; what `ask` returned.
Result<LaunchSecrets> resolve_secrets(const Plan& plan, const HostVariables& variables,
                                      const AskSecret& ask);

// The slots whose values are too short to be looked for in what leaves: a value of less than eight
// characters is found in too many texts (docs/scanning.md).
QStringList not_looked_for(const LaunchSecrets& secrets);

// The ssh keys of the plan's repos, from the files that `identity` names. Only a launch reads them.
// Error: `key_unusable`, which names the file and never quotes it.
Result<std::map<std::string, Secret>> read_git_keys(const Plan& plan);

// The host variables that resolve_secrets reads for this plan.
std::vector<std::string> referenced_variables(const Plan& plan);

// Overwrites these variables in the environment block that the kernel made for this process, so
// that /proc/<pid>/environ no longer has them, and unsets them. Call it right after
// resolve_secrets, before a thread or a child is started.
void wipe_host_variables(const std::vector<std::string>& names);

}  // namespace botbottle
