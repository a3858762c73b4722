#include "plugins/descriptor.h"

#include <botbottle/plugin.h>
#include <QJsonArray>
#include <QJsonDocument>
#include <QRegularExpression>
#include <algorithm>
#include <array>
#include <utility>

#include "manifest/names.h"
#include "manifest/text.h"

namespace botbottle {
namespace {

constexpr std::array<std::pair<PluginKind, const char*>, 2> kKinds = {{
    {PluginKind::Provider, "provider"},
    {PluginKind::Backend, "backend"},
}};

constexpr std::array<std::pair<SettingSchema::Type, const char*>, 4> kTypes = {{
    {SettingSchema::Type::String, "string"},
    {SettingSchema::Type::Bool, "bool"},
    {SettingSchema::Type::Int, "int"},
    {SettingSchema::Type::StringList, "string-list"},
}};

template <typename Table>
QStringList names_of(const Table& table) {
    QStringList names;
    for (const auto& [value, name] : table)
        names += QString::fromLatin1(name);
    return names;
}

template <typename Table, typename Value>
bool find_value(const Table& table, const QString& text, Value& value) {
    for (const auto& [candidate, name] : table) {
        if (text != QLatin1String(name)) continue;
        value = candidate;
        return true;
    }
    return false;
}

// Reads the members one by one; the first that is wrong ends it.
class DescriptorReader {
  public:
    explicit DescriptorReader(QJsonObject document) { descriptor_.document = std::move(document); }

    Result<PluginDescriptor> read() {
        const bool good = read_identity() && read_lists() && read_settings() && read_host_files() &&
                          read_programs();
        if (!good) return failure("bad_descriptor", wrong_.toStdString());
        return std::move(descriptor_);
    }

  private:
    bool reject(const QString& member, const QString& why) {
        wrong_ = QStringLiteral("descriptor, \"%1\": %2").arg(member, why);
        return false;
    }

    bool read_text(const char* member, QString& text) {
        const QString key = QString::fromLatin1(member);
        text = descriptor_.document.value(key).toString();
        if (!text.isEmpty() && is_one_line(text)) return true;
        return reject(key, QStringLiteral("missing, or not one line of text"));
    }

    bool read_identity() {
        QString schema;
        QString kind;
        if (!read_text("schema", schema) || !read_text("id", descriptor_.id) ||
            !read_text("kind", kind) || !read_text("version", descriptor_.version) ||
            !read_text("summary", descriptor_.summary)) {
            return false;
        }
        if (schema != QStringLiteral("botbottle.plugin/1")) {
            return reject(QStringLiteral("schema"), QStringLiteral("found %1, expected "
                                                                   "\"botbottle.plugin/1\"")
                                                        .arg(quoted(schema)));
        }
        if (!is_manifest_name(descriptor_.id)) {
            return reject(
                QStringLiteral("id"),
                QStringLiteral("found %1, expected [a-z][a-z0-9-]*").arg(quoted(descriptor_.id)));
        }
        if (!find_value(kKinds, kind, descriptor_.kind)) {
            return reject(QStringLiteral("kind"), QStringLiteral("found %1, expected %2")
                                                      .arg(quoted(kind), either(names_of(kKinds))));
        }
        return true;
    }

    bool read_words(const char* member, QStringList& words) {
        const QString key = QString::fromLatin1(member);
        const QJsonValue list = descriptor_.document.value(key);
        if (!list.isArray()) return reject(key, QStringLiteral("missing, or not a list"));
        for (const auto& word : list.toArray()) {
            if (!word.isString())
                return reject(key, QStringLiteral("holds something that is no string"));
            words += word.toString();
        }
        return true;
    }

    bool read_lists() {
        if (!read_words("extensions", descriptor_.extensions) ||
            !read_words("host_env", descriptor_.host_env)) {
            return false;
        }
        const QString own = descriptor_.kind == PluginKind::Provider
                                ? QStringLiteral(BOTBOTTLE_EXTENSION_PROVIDER)
                                : QStringLiteral(BOTBOTTLE_EXTENSION_BACKEND);
        if (!descriptor_.extensions.contains(own)) {
            return reject(QStringLiteral("extensions"), QStringLiteral("lacks \"%1\"").arg(own));
        }
        for (const QString& name : descriptor_.host_env) {
            if (is_variable_name(name)) continue;
            return reject(QStringLiteral("host_env"),
                          QStringLiteral("%1 is not a variable name").arg(quoted(name)));
        }
        return true;
    }

    bool read_programs() {
        descriptor_.rebuilds_image =
            descriptor_.document.value(QStringLiteral("rebuilds_image")).toBool();
        const QString key = QStringLiteral("programs");
        const QJsonValue programs = descriptor_.document.value(key);
        if (programs.isUndefined()) return true;
        descriptor_.programs_from_image = programs.toString() == QStringLiteral("image");
        const bool known =
            descriptor_.programs_from_image || programs.toString() == QStringLiteral("host");
        if (known && descriptor_.kind == PluginKind::Backend) return true;
        return reject(key, QStringLiteral("\"host\" or \"image\", of a backend"));
    }

    bool read_settings() {
        const QJsonValue settings = descriptor_.document.value(QStringLiteral("settings"));
        if (!settings.isObject())
            return reject(QStringLiteral("settings"), QStringLiteral("missing, or not an object"));
        const QJsonObject object = settings.toObject();
        for (auto entry = object.begin(); entry != object.end(); ++entry) {
            if (!read_setting(entry.key(), entry.value())) return false;
        }
        return check_exclusions(object.keys());
    }

    bool check_exclusions(const QStringList& keys) {
        for (const SettingSchema& schema : descriptor_.settings) {
            for (const QString& other : schema.excludes) {
                if (other != schema.key && keys.contains(other)) continue;
                return reject(QStringLiteral("settings.") + schema.key,
                              QStringLiteral("\"excludes\" names %1, which is no other setting")
                                  .arg(quoted(other)));
            }
        }
        return true;
    }

    bool read_setting(const QString& key, const QJsonValue& value) {
        const QString member = QStringLiteral("settings.") + key;
        const QJsonObject object = value.toObject();
        const QJsonValue format = object.value(QStringLiteral("format"));
        const QJsonValue required = object.value(QStringLiteral("required"));
        SettingSchema schema;
        schema.key = key;
        schema.required = required.toBool(false);
        schema.summary = object.value(QStringLiteral("summary")).toString();
        schema.host_variable = format.toString() == QStringLiteral("host-variable");
        if (key == QStringLiteral("template") || key == QStringLiteral("dockerfile")) {
            return reject(member, QStringLiteral("the key belongs to core"));
        }
        if (!is_variable_name(key)) {
            return reject(member, QStringLiteral("a key is letters, digits and \"_\""));
        }
        if (!find_value(kTypes, object.value(QStringLiteral("type")).toString(), schema.type)) {
            return reject(member,
                          QStringLiteral("its type must be %1").arg(either(names_of(kTypes))));
        }
        if (!required.isUndefined() && !required.isBool()) {
            return reject(member, QStringLiteral("\"required\" must be true or false"));
        }
        if (!format.isUndefined() && !schema.host_variable) {
            return reject(member, QStringLiteral("the one format is \"host-variable\""));
        }
        if (schema.host_variable && schema.type != SettingSchema::Type::String) {
            return reject(member,
                          QStringLiteral("the format \"host-variable\" needs the type string"));
        }
        for (const auto& other : object.value(QStringLiteral("excludes")).toArray())
            schema.excludes += other.toString();
        descriptor_.settings += schema;
        return true;
    }

    bool read_host_files() {
        const QString key = QStringLiteral("host_files");
        const QJsonValue files = descriptor_.document.value(key);
        if (files.isUndefined()) return true;
        if (!files.isObject() || descriptor_.kind != PluginKind::Provider)
            return reject(key, QStringLiteral("not an object, or not of a provider"));
        const QJsonObject object = files.toObject();
        for (auto entry = object.begin(); entry != object.end(); ++entry) {
            if (!read_host_file(entry.key(), entry.value().toObject())) return false;
        }
        return true;
    }

    bool read_host_file(const QString& name, const QJsonObject& object) {
        const QString member = QStringLiteral("host_files.") + name;
        HostFileSchema file;
        file.name = name;
        file.setting = object.value(QStringLiteral("setting")).toString();
        if (!is_manifest_name(name))
            return reject(member, QStringLiteral("a name is [a-z][a-z0-9-]*"));
        const auto is_switch = [&](const SettingSchema& schema) {
            return schema.key == file.setting && schema.type == SettingSchema::Type::Bool;
        };
        if (std::none_of(descriptor_.settings.begin(), descriptor_.settings.end(), is_switch))
            return reject(member, QStringLiteral("\"setting\" must name a setting of type bool"));
        static const QRegularExpression kForm(
            QStringLiteral("\\A(~|\\$[A-Za-z_][A-Za-z0-9_]*)(/[A-Za-z0-9._-]+)+\\z"));
        for (const auto& path : object.value(QStringLiteral("paths")).toArray())
            file.paths += path.toString();
        for (const QString& path : file.paths) {
            if (kForm.match(path).hasMatch() && !path.contains(QStringLiteral("/.."))) continue;
            return reject(
                member,
                QStringLiteral("found the path %1, expected ~/… or $VARIABLE/…").arg(quoted(path)));
        }
        if (file.paths.isEmpty()) return reject(member, QStringLiteral("\"paths\" is empty"));
        descriptor_.host_files += file;
        return true;
    }

    PluginDescriptor descriptor_;
    QString wrong_;
};

}  // namespace

QString to_string(PluginKind kind) {
    for (const auto& [value, name] : kKinds) {
        if (value == kind) return QString::fromLatin1(name);
    }
    return {};
}

Result<PluginDescriptor> parse_descriptor(const QByteArray& json) {
    QJsonParseError problem;
    const QJsonDocument document = QJsonDocument::fromJson(json, &problem);
    if (problem.error != QJsonParseError::NoError) {
        return failure("bad_descriptor", QStringLiteral("descriptor: not JSON: %1 at byte %2")
                                             .arg(problem.errorString())
                                             .arg(problem.offset)
                                             .toStdString());
    }
    if (!document.isObject()) return failure("bad_descriptor", "descriptor: not a JSON object");
    return DescriptorReader(document.object()).read();
}

}  // namespace botbottle
