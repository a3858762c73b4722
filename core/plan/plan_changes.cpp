// What changed between two plans of one bottle, for people.
#include <QJsonArray>
#include <QJsonDocument>
#include <map>

#include "manifest/text.h"
#include "plan/plan.h"

namespace botbottle {
namespace {

QString text_of(const QJsonValue& value) {
    if (value.isString()) return quoted(value.toString());
    if (value.isArray())
        return QString::fromUtf8(QJsonDocument(value.toArray()).toJson(QJsonDocument::Compact));
    if (value.isObject())
        return QString::fromUtf8(QJsonDocument(value.toObject()).toJson(QJsonDocument::Compact));
    return value.toVariant().toString();
}

// The entries of a list by their names. Where a skill goes is the backend's matter.
std::map<QString, QJsonObject> by_name(const QJsonArray& list, const char* key) {
    std::map<QString, QJsonObject> named;
    for (const auto& value : list) {
        QJsonObject entry = value.toObject();
        entry.remove(QLatin1String("destination"));
        if (entry.value(QLatin1String("source")).toString() != QLatin1String("provider"))
            named[entry.value(QLatin1String(key)).toString()] = entry;
    }
    return named;
}

void compare_lists(QStringList& lines, const QString& what, const char* key,
                   const QJsonArray& before, const QJsonArray& now) {
    const auto old_entries = by_name(before, key);
    const auto new_entries = by_name(now, key);
    const auto add = [&](const QString& name, const char* how) {
        lines.append(QStringLiteral("%1 %2: %3").arg(what, visible(name), QLatin1String(how)));
    };
    for (const auto& [name, entry] : new_entries) {
        const auto old = old_entries.find(name);
        if (old == old_entries.end())
            add(name, "new");
        else if (old->second != entry)
            add(name, "changed");
    }
    for (const auto& [name, entry] : old_entries) {
        if (new_entries.count(name) == 0) add(name, "gone");
    }
}

}  // namespace

QStringList plan_changes(const QJsonObject& before, const QJsonObject& now) {
    QStringList lines;
    const auto compare = [&lines](const QString& what, const QJsonValue& old_value,
                                  const QJsonValue& new_value) {
        // What an older botbottle did not write down is not known.
        if (!old_value.isUndefined() && old_value != new_value)
            lines.append(
                QStringLiteral("%1: %2 was %3").arg(what, text_of(new_value), text_of(old_value)));
    };
    for (const char* key : {"bottle", "bottle_chain", "git_identity", "limits", "dockerfile",
                            "supervise", "budget", "upstream"})
        compare(QLatin1String(key), before.value(QLatin1String(key)),
                now.value(QLatin1String(key)));
    // The rest of them says where things are in the guest, which is a backend's matter.
    constexpr struct {
        const char* section;
        const char* key;
    } kMembers[] = {{"provider", "id"},
                    {"provider", "settings"},
                    {"provider", "command"},
                    {"workspace", "mode"},
                    {"workspace", "exclude"}};
    for (const auto& member : kMembers) {
        const auto value = [&member](const QJsonObject& plan) {
            return plan.value(QLatin1String(member.section))
                .toObject()
                .value(QLatin1String(member.key));
        };
        compare(
            QStringLiteral("%1.%2").arg(QLatin1String(member.section), QLatin1String(member.key)),
            value(before), value(now));
    }
    if (before.value(QLatin1String("prompt")) != now.value(QLatin1String("prompt")))
        lines.append(QStringLiteral("prompt: changed"));
    constexpr struct {
        const char* list;
        const char* what;
        const char* key;
    } kLists[] = {{"env", "env", "name"},
                  {"routes", "route", "host"},
                  {"credentials", "credential", "slot"},
                  {"repos", "repo", "name"},
                  {"skills", "skill", "name"}};
    for (const auto& list : kLists)
        compare_lists(lines, QLatin1String(list.what), list.key,
                      before.value(QLatin1String(list.list)).toArray(),
                      now.value(QLatin1String(list.list)).toArray());
    return lines;
}

}  // namespace botbottle
