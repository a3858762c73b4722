#include "supervise/delta.h"

#include <QJsonArray>
#include <algorithm>

#include "base/host.h"
#include "base/public_suffix.h"
#include "manifest/text.h"

namespace botbottle {
namespace {

const QString kHost = QStringLiteral("host");
const QString kPorts = QStringLiteral("ports");
const QString kMethods = QStringLiteral("methods");
const QString kPaths = QStringLiteral("path_allowlist");
const QString kAuth = QStringLiteral("auth");

QStringList texts(const QJsonValue& list) {
    QStringList words;
    for (const auto& item : list.toArray())
        words += item.isDouble() ? QString::number(item.toInteger()) : visible(item.toString());
    return words;
}

QString methods_text(const QJsonValue& methods) {
    return methods.isArray() ? texts(methods).join(QStringLiteral(", "))
                             : QStringLiteral("every method");
}

QString paths_text(const QJsonValue& paths) {
    if (!paths.isArray()) return QStringLiteral("all paths");
    return QStringLiteral("only below ") + texts(paths).join(QStringLiteral(", "));
}

QString ports_text(const QJsonValue& ports) {
    const QStringList numbers = texts(ports);
    return (numbers.size() == 1 ? QStringLiteral("port ") : QStringLiteral("ports ")) +
           numbers.join(QStringLiteral(", "));
}

QString credential_text(const QJsonObject& auth) {
    if (auth.isEmpty()) return QStringLiteral("without a credential");
    QString from = auth.value(QLatin1String("token_ref")).toString();
    if (from.isEmpty()) from = auth.value(QLatin1String("slot")).toString();
    return QStringLiteral("with the credential %1 (%2)")
        .arg(visible(from), visible(auth.value(QLatin1String("scheme")).toString()));
}

QString host_text(const QJsonObject& route) {
    QString host = visible(route.value(kHost).toString());
    if (!host.startsWith(QLatin1String("*."))) return host;
    return QStringLiteral("%1 (every name below %2)").arg(host, host.mid(2));
}

// null means everything, so a union with it is everything.
QJsonValue joined(const QJsonValue& a, const QJsonValue& b) {
    if (!a.isArray() || !b.isArray()) return {};
    QJsonArray all = a.toArray();
    for (const auto& item : b.toArray())
        if (!all.contains(item)) all.append(item);
    return all;
}

// The route that stands for exactly that host, or that a new one of that host would take the place
// of: the closest wildcard.
QJsonObject standing_route(const QJsonObject& policy, const QString& host) {
    QJsonObject best;
    for (const auto& item : policy.value(QLatin1String("routes")).toArray()) {
        QJsonObject route = item.toObject();
        const QString name = route.value(kHost).toString();
        if (name == host) return route;
        const bool covers = name.startsWith(QLatin1String("*.")) && host.endsWith(name.mid(1)) &&
                            host.size() > name.size() - 1;
        if (covers && name.size() > best.value(kHost).toString().size()) best = route;
    }
    return best;
}

void say_change(QStringList& words, const char* what, const QString& before, const QString& after) {
    if (before != after)
        words += QStringLiteral("%1: %2 → %3").arg(QLatin1String(what), before, after);
}

}  // namespace

QString route_words(const QJsonObject& payload) {
    return QStringLiteral("%1 to %2, %3, %4, %5")
        .arg(methods_text(payload.value(kMethods)), host_text(payload),
             ports_text(payload.value(kPorts)), paths_text(payload.value(kPaths)),
             credential_text(payload.value(kAuth).toObject()));
}

namespace {

// What an agent asks for is no more than what a manifest may say.
QString refusal_of_host(const QString& host) {
    if (!host.startsWith(QLatin1String("*."))) return {};
    const auto checked = Host::parse(host.mid(2).toStdString()).and_then(check_names_below);
    return checked ? QString() : QString::fromStdString(checked.error().message);
}

}  // namespace

QString held_words(const QJsonObject& payload) {
    const auto word = [&payload](const char* name) {
        return visible(payload.value(QLatin1String(name)).toString());
    };
    return QStringLiteral("let %1 %2://%3%4 through: %5 (%6)")
        .arg(word("method"), word("scheme"), word("authority"), word("path"), word("reason"),
             word("rule"));
}

RouteDelta held_delta(const QJsonObject& payload, const QString& scope) {
    RouteDelta delta;
    delta.words = {held_words(payload),
                   QStringLiteral("this request alone, and what this rule finds in it; "
                                  "what was found leaves the bottle")};
    if (scope == QLatin1String("always"))
        delta.refusal = QStringLiteral(
            "a held request is let through once; `dlp: off` in the bottle's file "
            "ends scanning for the route");
    return delta;
}

RouteDelta route_delta(const QJsonObject& policy, const QJsonObject& payload) {
    RouteDelta delta;
    const QString host = payload.value(kHost).toString();
    delta.refusal = refusal_of_host(host);
    const QJsonObject asked_auth = payload.value(kAuth).toObject();
    const QJsonObject before = standing_route(policy, host);
    delta.variable = asked_auth.value(QLatin1String("token_ref")).toString();
    QJsonObject auth = asked_auth;
    auth.remove(QStringLiteral("token_ref"));
    const QJsonValue auth_value = auth.isEmpty() ? QJsonValue() : QJsonValue(auth);
    if (before.isEmpty()) {
        for (const QString& key : {kHost, kPorts, kMethods, kPaths})
            delta.route[key] = payload.value(key);
        delta.route[kAuth] = auth_value;
        delta.words = {QStringLiteral("adds ") + route_words(payload)};
        return delta;
    }
    const QJsonObject old_auth = before.value(kAuth).toObject();
    const QString owner = before.value(QLatin1String("owner")).toString();
    delta.replaces = before.value(kHost).toString() == host;
    delta.keeps_auth = asked_auth.isEmpty() && !old_auth.isEmpty();
    delta.route = before;
    delta.route.remove(QStringLiteral("owner"));
    delta.route[kHost] = host;
    delta.route[kPorts] = joined(before.value(kPorts), payload.value(kPorts));
    delta.route[kMethods] = joined(before.value(kMethods), payload.value(kMethods));
    delta.route[kPaths] = joined(before.value(kPaths), payload.value(kPaths));
    delta.route[kAuth] = auth_value;
    // A grant for once, asked for again.
    const bool once = owner.startsWith(QLatin1String("grant:")) &&
                      before.value(QLatin1String("budget")).isObject();
    if (once) delta.route.remove(QStringLiteral("budget"));
    const auto blocked = [&](const QString& why) { delta.refusal = why; };
    if (owner.startsWith(QLatin1String("provider:")))
        blocked(QStringLiteral(
                    "the route for %1 belongs to the provider; its credential goes nowhere else")
                    .arg(host_text(before)));
    else if (!asked_auth.isEmpty() && !old_auth.isEmpty())
        blocked(QStringLiteral("the route for %1 has a credential already: revoke it first")
                    .arg(host_text(before)));
    else if (before.value(QLatin1String("intercept")) == QJsonValue(false) && !asked_auth.isEmpty())
        blocked(
            QStringLiteral("the route for %1 is not decrypted, so that no credential can be put on")
                .arg(host_text(before)));
    else if (!delta.replaces && delta.keeps_auth)
        blocked(QStringLiteral(
                    "the route for %1 stands for this host, with a credential: revoke it first")
                    .arg(host_text(before)));

    QStringList changes;
    say_change(changes, "methods", methods_text(before.value(kMethods)),
               methods_text(delta.route.value(kMethods)));
    say_change(changes, "ports", ports_text(before.value(kPorts)),
               ports_text(delta.route.value(kPorts)));
    say_change(changes, "paths", paths_text(before.value(kPaths)),
               paths_text(delta.route.value(kPaths)));
    if (!asked_auth.isEmpty())
        say_change(changes, "credential", credential_text(old_auth), credential_text(asked_auth));
    if (once)
        say_change(changes, "requests", QStringLiteral("once"), QStringLiteral("without a limit"));
    delta.nothing = changes.isEmpty();
    if (delta.nothing) {
        delta.words = {QStringLiteral("adds nothing: the route for %1 allows it already")
                           .arg(host_text(before))};
        return delta;
    }
    delta.words = {
        QStringLiteral("changes the route for %1 (%2)").arg(host_text(before), visible(owner))};
    delta.words += changes;
    delta.words += QStringLiteral("after it: ") + methods_text(delta.route.value(kMethods)) +
                   QStringLiteral(" to ") + host_text(delta.route) + QStringLiteral(", ") +
                   ports_text(delta.route.value(kPorts)) + QStringLiteral(", ") +
                   paths_text(delta.route.value(kPaths)) + QStringLiteral(", ") +
                   credential_text(delta.keeps_auth ? old_auth : asked_auth);
    return delta;
}

}  // namespace botbottle
