// Settings: the host-wide choices, each with where it came from.
// Precedence: flag, then BOT_BOTTLE_* variable, then settings.yaml, then default.
#pragma once

#include <QJsonObject>
#include <QString>
#include <QStringList>
#include <functional>
#include <optional>

#include "base/error.h"

namespace botbottle {

// Reads a variable of the host's environment; nullptr when it is not set. ::getenv fits.
using HostVariables = std::function<const char*(const char* name)>;

enum class SettingOrigin { Default, File, Variable, Flag };

template <typename T>
struct Setting {
    T value{};
    SettingOrigin origin = SettingOrigin::Default;
    QString source;  // "settings.yaml:4", "BOT_BOTTLE_BACKEND", "--backend", or "default"
};

// A corporate HTTP proxy that every upstream connection goes through, by CONNECT.
struct UpstreamProxy {
    QString host;  // canonical
    int port = 0;
    QString username;      // empty: no Proxy-Authorization
    QString password_ref;  // name of the host variable with the password; empty: none
};

struct Settings {
    Setting<QString> backend;  // "auto" or a plugin id
    Setting<std::optional<UpstreamProxy>> upstream_proxy;
    Setting<QString> upstream_ca;                       // path of a PEM file; empty: none
    Setting<QString> scan_rules;                        // path of a rule file; empty: none
    Setting<QStringList> canaries;                      // names of host variables
    Setting<std::optional<int>> audit_retention_days;   // nullopt: for ever
    Setting<std::optional<QStringList>> plugins_allow;  // nullopt: all that pass the loading checks
};

// What the command line set; nullopt where it did not.
struct SettingFlags {
    std::optional<QString> backend;
};

// Reads `<home>/settings.yaml` if it is there. Error `settings_invalid` names file, line and key.
Result<Settings> load_settings(const QString& home, const SettingFlags& flags,
                               const HostVariables& variables);

// {"<key>": {"value": ..., "origin": "file", "source": "..."}} for `botbottle config`. No secret
// can be in it: settings name variables, never values.
QJsonObject settings_to_json(const Settings& settings);

}  // namespace botbottle
