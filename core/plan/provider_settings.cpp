#include "plan/provider_settings.h"

#include <QJsonArray>
#include <algorithm>
#include <cmath>

#include "manifest/names.h"
#include "manifest/problems.h"
#include "manifest/text.h"

namespace botbottle {
namespace {

QString describe(const QJsonValue& value) {
    switch (value.type()) {
        case QJsonValue::Bool:
            return value.toBool() ? QStringLiteral("the boolean true")
                                  : QStringLiteral("the boolean false");
        case QJsonValue::Double:
            return QStringLiteral("the number %1").arg(value.toDouble());
        case QJsonValue::String:
            return QStringLiteral("the string %1").arg(quoted(value.toString()));
        case QJsonValue::Array:
            return QStringLiteral("a list");
        case QJsonValue::Object:
            return QStringLiteral("a mapping");
        default:
            return QStringLiteral("nothing");
    }
}

bool is_string_list(const QJsonValue& value) {
    const QJsonArray list = value.toArray();
    return value.isArray() && std::all_of(list.begin(), list.end(),
                                          [](const QJsonValue& item) { return item.isString(); });
}

bool is_integer(const QJsonValue& value) {
    return value.isDouble() && std::nearbyint(value.toDouble()) == value.toDouble();
}

// What the type asks for, in words, when `value` is something else.
QString unmet(const SettingSchema& schema, const QJsonValue& value) {
    switch (schema.type) {
        case SettingSchema::Type::String:
            return value.isString() ? QString() : QStringLiteral("a string");
        case SettingSchema::Type::Bool:
            return value.isBool() ? QString() : QStringLiteral("true or false");
        case SettingSchema::Type::Int:
            return is_integer(value) ? QString() : QStringLiteral("an integer");
        case SettingSchema::Type::StringList:
            return is_string_list(value) ? QString() : QStringLiteral("a list of strings");
    }
    return {};
}

// A switch that is off says nothing.
bool is_set(const QJsonObject& settings, const QString& key) {
    const QJsonValue value = settings.value(key);
    return !value.isUndefined() && value != QJsonValue(false);
}

}  // namespace

QString excluded_by(const PluginDescriptor& descriptor, const QJsonObject& settings,
                    const QString& key) {
    for (const SettingSchema& schema : descriptor.settings) {
        for (const QString& other : schema.excludes) {
            if (key == other && is_set(settings, schema.key)) return schema.key;
            if (key == schema.key && is_set(settings, other)) return other;
        }
    }
    return {};
}

Result<QJsonObject> check_provider_settings(const ProviderManifest& manifest,
                                            const PluginDescriptor& descriptor) {
    Problems problems(manifest.where.file);
    const QString prefix = QStringLiteral("agent_provider");
    QStringList allowed = {QStringLiteral("template")};
    for (const SettingSchema& schema : descriptor.settings)
        allowed += schema.key;

    QJsonObject settings;
    for (const ProviderSetting& setting : manifest.settings) {
        const QString path = prefix + QLatin1Char('.') + setting.key;
        const auto schema =
            std::find_if(descriptor.settings.begin(), descriptor.settings.end(),
                         [&](const SettingSchema& each) { return each.key == setting.key; });
        if (schema == descriptor.settings.end()) {
            const QString meant = nearest(setting.key, allowed);
            problems.add(setting.where.line, prefix,
                         QStringLiteral("unknown key %1 of the provider \"%2\"; ")
                                 .arg(quoted(setting.key), descriptor.id) +
                             (meant.isEmpty() ? QStringLiteral("allowed: %1").arg(either(allowed))
                                              : QStringLiteral("did you mean \"%1\"?").arg(meant)));
            continue;
        }
        const QString expected = unmet(*schema, setting.value);
        if (!expected.isEmpty()) {
            problems.add(
                setting.where.line, path,
                QStringLiteral("found %1, expected %2").arg(describe(setting.value), expected));
        } else if (schema->host_variable && !is_variable_name(setting.value.toString())) {
            // What stands here may be the credential itself: it must not reach a terminal or a log.
            problems.add(setting.where.line, path,
                         QStringLiteral("not the name of an environment variable; write the "
                                        "variable's name, never the credential itself"));
        }
        settings.insert(setting.key, setting.value);
    }
    for (const SettingSchema& schema : descriptor.settings) {
        if (!schema.required || settings.contains(schema.key)) continue;
        problems.add(manifest.where.line, prefix + QLatin1Char('.') + schema.key,
                     QStringLiteral("missing: %1").arg(schema.summary));
    }
    for (const ProviderSetting& setting : manifest.settings) {
        const QString other = is_set(settings, setting.key)
                                  ? excluded_by(descriptor, settings, setting.key)
                                  : QString();
        if (other.isEmpty()) continue;
        problems.add(
            setting.where.line, prefix + QLatin1Char('.') + setting.key,
            QStringLiteral("not together with %1: remove one of the two").arg(quoted(other)));
        break;
    }
    if (!problems.empty()) return problems.error("manifest_invalid");
    return settings;
}

}  // namespace botbottle
