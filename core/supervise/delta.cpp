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
constexpr qsizetype kShownOfCommit = 12;

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

QString word_of(const QJsonObject& object, const char* name) {
    return visible(object.value(QLatin1String(name)).toString());
}

QString request_words(const QJsonObject& payload) {
    return QStringLiteral("let %1 %2://%3%4 through: %5 (%6)")
        .arg(word_of(payload, "method"), word_of(payload, "scheme"), word_of(payload, "authority"),
             word_of(payload, "path"), word_of(payload, "reason"), word_of(payload, "rule"));
}

// "branch main", "tag v1".
QString ref_words(const QString& ref) {
    if (ref.startsWith(QLatin1String("refs/heads/")))
        return QStringLiteral("branch ") + visible(ref.mid(11));
    if (ref.startsWith(QLatin1String("refs/tags/")))
        return QStringLiteral("tag ") + visible(ref.mid(10));
    return visible(ref);
}

QString place_words(const QJsonObject& place) {
    QString words =
        QStringLiteral("%1 in %2 (%3)")
            .arg(word_of(place, "what"), word_of(place, "where"), word_of(place, "rule"));
    const QString commit = word_of(place, "commit").left(kShownOfCommit);
    if (!commit.isEmpty()) words += QStringLiteral(", commit ") + commit;
    return words;
}

QString push_words(const QJsonObject& payload) {
    const QJsonArray updates = payload.value(QLatin1String("updates")).toArray();
    const QJsonArray places = payload.value(QLatin1String("places")).toArray();
    QString refs = ref_words(updates.first().toObject().value(QLatin1String("ref")).toString());
    if (updates.size() > 1) refs += QStringLiteral(" and %1 more").arg(updates.size() - 1);
    QString found = place_words(places.first().toObject());
    if (places.size() > 1) found += QStringLiteral(" and %1 more").arg(places.size() - 1);
    return QStringLiteral("let a push to %1 through, %2: %3")
        .arg(word_of(payload, "repo"), refs, found);
}

// All of it: what is not shown is not approved.
QStringList push_lines(const QJsonObject& payload) {
    const qint64 commits = payload.value(QLatin1String("commits")).toInteger();
    QStringList lines{QStringLiteral("pushes %1 %2 to %3 (%4)")
                          .arg(commits)
                          .arg(commits == 1 ? QStringLiteral("commit") : QStringLiteral("commits"),
                               word_of(payload, "repo"), word_of(payload, "url"))};
    for (const auto& item : payload.value(QLatin1String("updates")).toArray()) {
        const QJsonObject update = item.toObject();
        lines += QStringLiteral("%1: %2 → %3")
                     .arg(ref_words(update.value(QLatin1String("ref")).toString()),
                          word_of(update, "old").left(kShownOfCommit),
                          word_of(update, "new").left(kShownOfCommit));
    }
    for (const auto& item : payload.value(QLatin1String("places")).toArray())
        lines += place_words(item.toObject());
    lines += QStringLiteral("exactly these commits, once");
    return lines;
}

}  // namespace

bool is_held(const QString& tool) {
    return tool == QLatin1String(kHeldRequest) || tool == QLatin1String(kHeldPush);
}

QString held_words(const QString& tool, const QJsonObject& payload) {
    return tool == QLatin1String(kHeldPush) ? push_words(payload) : request_words(payload);
}

RouteDelta held_delta(const QString& tool, const QJsonObject& payload, const QString& scope) {
    const bool push = tool == QLatin1String(kHeldPush);
    RouteDelta delta;
    delta.words =
        push ? push_lines(payload)
             : QStringList{request_words(payload),
                           QStringLiteral("this request alone, and what this rule finds in it; "
                                          "what was found leaves the bottle")};
    if (scope == QLatin1String("always"))
        delta.refusal = push ? QStringLiteral(
                                   "a held push is let through once; `rules` of the repo in the "
                                   "bottle's file say what needs an approval")
                             : QStringLiteral(
                                   "a held request is let through once; `dlp: off` in the bottle's "
                                   "file ends scanning for the route");
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
