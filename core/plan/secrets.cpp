#include "plan/secrets.h"

#include <algorithm>

#include "plan/host_file.h"

namespace botbottle {
namespace {

Result<Secret> read_variable(const QString& name, const QString& wanted_for,
                             const HostVariables& variables) {
    const char* value = variables(name.toLatin1().constData());
    if (value != nullptr && *value != '\0') return Secret(value);
    return failure("missing_variable",
                   QStringLiteral("the environment variable %1, which %2 needs, is not set")
                       .arg(name, wanted_for)
                       .toStdString(),
                   QStringLiteral("export %1 before you start the bottle").arg(name).toStdString());
}

}  // namespace

Result<LaunchSecrets> resolve_secrets(const Plan& plan, const HostVariables& variables,
                                      const AskSecret& ask) {
    LaunchSecrets secrets;
    for (const CredentialSlot& slot : plan.credential_slots) {
        auto value = slot.file ? read_host_credential(*slot.file)
                               : read_variable(slot.host_variable,
                                               QStringLiteral("the credential %1").arg(slot.slot),
                                               variables);
        if (!value) return tl::make_unexpected(value.error());
        secrets.credentials.insert_or_assign(slot.slot.toStdString(), std::move(*value));
    }
    for (const PlannedEnv& entry : plan.env) {
        if (!entry.secret()) continue;
        auto value = entry.source == PlannedEnv::Source::Prompt
                         ? ask(entry.name, entry.reference)
                         : read_variable(entry.reference, QStringLiteral("env.%1").arg(entry.name),
                                         variables);
        if (!value) return tl::make_unexpected(value.error());
        secrets.env.insert_or_assign(entry.name.toStdString(), std::move(*value));
    }
    return secrets;
}

QStringList not_looked_for(const LaunchSecrets& secrets) {
    // scan::kShortestOwnValue; core and the sidecars share no code.
    constexpr std::size_t kShortest = 8;
    QStringList names;
    for (const auto& [slot, value] : secrets.credentials) {
        if (!value.empty() && value.reveal().size() < kShortest)
            names += QString::fromStdString(slot);
    }
    return names;
}

Result<std::map<std::string, Secret>> read_git_keys(const Plan& plan) {
    std::map<std::string, Secret> keys;
    for (const PlannedRepo& repo : plan.repos) {
        const auto unusable = [&](const std::string& why) {
            return failure("key_unusable",
                           "git-gate.repos." + repo.name.toStdString() +
                               ".identity: " + repo.identity.toStdString() + ' ' + why,
                           "name the private key that opens this repo, one without a passphrase");
        };
        auto content = read_host_file(repo.identity);
        if (!content) return unusable(content.error().message);
        const bool is_key = content->contains("PRIVATE KEY-----");
        if (is_key)
            keys.insert_or_assign(
                repo.name.toStdString(),
                Secret({content->constData(), static_cast<std::size_t>(content->size())}));
        wipe_memory(content->data(), static_cast<std::size_t>(content->size()));
        if (!is_key) return unusable("is not a private key");
    }
    return keys;
}

std::vector<std::string> referenced_variables(const Plan& plan) {
    std::vector<std::string> names;
    for (const CredentialSlot& slot : plan.credential_slots) {
        if (!slot.file) names.push_back(slot.host_variable.toStdString());
    }
    for (const PlannedEnv& entry : plan.env) {
        if (entry.source == PlannedEnv::Source::HostVariable) {
            names.push_back(entry.reference.toStdString());
        }
    }
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    return names;
}

}  // namespace botbottle
