// A plugin's descriptor (docs/plugin-abi.md, "Descriptor"), checked, and the settings that it owns.
#pragma once

#include <QByteArray>
#include <QJsonObject>
#include <QList>
#include <QString>
#include <QStringList>

#include "base/error.h"

namespace botbottle {

enum class PluginKind { Provider, Backend };
QString to_string(PluginKind kind);

struct SettingSchema {
    enum class Type { String, Bool, Int, StringList };
    QString key;
    Type type = Type::String;
    bool host_variable = false;  // the value names a variable of the operator's environment
    bool required = false;
    QString summary;
    QStringList excludes = {};  // keys that cannot be set beside this one
};

// A file of the operator's that a provider gets to read when a setting says so.
struct HostFileSchema {
    QString name;
    QString setting;    // of type bool: the file is read when it is true
    QStringList paths;  // "$VARIABLE/…" or "~/…"; the first whose variable is set
};

struct PluginDescriptor {
    QString id;
    PluginKind kind = PluginKind::Provider;
    QString version;
    QString summary;
    QStringList extensions;
    QStringList host_env;
    bool programs_from_image = false;  // a backend whose bottles have no program of the host's
    bool rebuilds_image = false;       // …whose image can be built from another Dockerfile
    QList<SettingSchema> settings;
    QList<HostFileSchema> host_files;
    QJsonObject document;  // as the plugin gave it
};

// Error `bad_descriptor`, its message naming the member.
Result<PluginDescriptor> parse_descriptor(const QByteArray& json);

}  // namespace botbottle
