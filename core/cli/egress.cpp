// botbottle egress: the live policy of a running bottle; what it would say, and changes to it.
#include <QJsonArray>
#include <cstdlib>

#include "base/idna.h"
#include "base/public_suffix.h"
#include "bottles/warden_connection.h"
#include "cli/commands.h"
#include "cli/messages.h"
#include "cli/output.h"
#include "cli/running_bottle.h"
#include "manifest/names.h"
#include "manifest/text.h"
#include "plan/secrets.h"

namespace botbottle::cli {
namespace {

constexpr int kWardenMs = 10'000;

QString text_of(const QJsonObject& object, const char* key) {
    return visible(object.value(QLatin1String(key)).toString());
}

QString joined(const QJsonValue& list, const QString& all) {
    if (!list.isArray()) return all;
    QStringList texts;
    for (const auto& item : list.toArray())
        texts += item.isDouble() ? QString::number(item.toInteger()) : visible(item.toString());
    return texts.join(QLatin1Char(','));
}

Result<WardenConnection> warden_of(const GlobalOptions& global, const QString& identity) {
    auto context = Context::make(global);
    if (!context) return tl::make_unexpected(context.error());
    auto running = find_running(**context, identity);
    if (!running) return tl::make_unexpected(running.error());
    return WardenConnection::open(running->item.metadata.runtime_dir);
}

// The name as the policy writes it: canonical, perhaps below "*.".
Result<QString> policy_host(const QString& written) {
    const QString below = QStringLiteral("*.");
    const bool any_below = written.startsWith(below);
    const auto host = host_from_unicode(written.mid(any_below ? below.size() : 0).toStdString());
    if (!host) return tl::make_unexpected(host.error());
    return (any_below ? below : QString()) + QString::fromStdString(host->text());
}

QJsonArray to_json(const QList<int>& numbers) {
    QJsonArray array;
    for (const int number : numbers)
        array.append(number);
    return array;
}

Result<QJsonValue> auth_to_json(const EgressAllowOptions& options) {
    if (options.scheme.isEmpty()) {
        if (!options.token_ref.isEmpty()) return failure("usage", "--token-ref goes with --auth");
        if (options.cookies)
            return failure("usage", "--cookies goes with --auth: without it cookies pass anyway");
        return QJsonValue(QJsonValue::Null);
    }
    if (!is_variable_name(options.token_ref))
        return failure("usage", "--auth needs --token-ref with the name of a host variable",
                       "write the variable's name, never the credential itself");
    QJsonObject auth{{QStringLiteral("scheme"), options.scheme}};
    const auto add = [&auth](const char* key, const QString& value) {
        if (!value.isEmpty()) auth.insert(QLatin1String(key), value);
    };
    add("username", options.username);
    add("name", options.name);
    add("prefix", options.prefix);
    if (options.cookies) auth.insert(QStringLiteral("cookies"), true);
    return QJsonValue(auth);
}

Result<QJsonObject> route_to_json(const EgressAllowOptions& options) {
    auto host = policy_host(options.host);
    if (!host) return tl::make_unexpected(host.error());
    if (host->startsWith(QLatin1String("*."))) {
        auto checked = Host::parse(host->mid(2).toStdString()).and_then(check_names_below);
        if (!checked) return tl::make_unexpected(checked.error());
    }
    auto auth = auth_to_json(options);
    if (!auth) return tl::make_unexpected(auth.error());
    const auto list = [](const QStringList& items) {
        return items.isEmpty() ? QJsonValue(QJsonValue::Null)
                               : QJsonValue(QJsonArray::fromStringList(items));
    };
    return QJsonObject{{QStringLiteral("host"), *host},
                       {QStringLiteral("ports"),
                        to_json(options.ports.isEmpty() ? QList<int>{443} : options.ports)},
                       {QStringLiteral("methods"), list(options.methods)},
                       {QStringLiteral("path_allowlist"), list(options.paths)},
                       {QStringLiteral("auth"), *auth},
                       {QStringLiteral("intercept"), !options.no_intercept}};
}

// An egress of before the member was known scans nothing.
QString scanned(const QJsonObject& route) {
    const QString dlp = route.value(QLatin1String("dlp")).toString();
    if (dlp == QLatin1String("hold")) return QStringLiteral("asks");
    return dlp == QLatin1String("block") ? QStringLiteral("yes") : QStringLiteral("no");
}

void print_change(QJsonObject done) {
    done.insert(QStringLiteral("schema"), QStringLiteral("botbottle.egress-change/1"));
    print_json(done);
}

// Read once and wiped from this process's own environment.
Result<std::map<std::string, Secret>> credential_of(const EgressAllowOptions& options) {
    std::map<std::string, Secret> secrets;
    if (options.token_ref.isEmpty()) return secrets;
    const std::string name = options.token_ref.toStdString();
    const char* value = std::getenv(name.c_str());
    if (value == nullptr || *value == '\0')
        return failure("missing_variable", "the environment variable " + name + " is not set",
                       "export it, and run the command again");
    secrets.emplace("value", Secret(value));
    wipe_host_variables({name});
    return secrets;
}

}  // namespace

int run_egress_show(const GlobalOptions& global, const QString& identity) {
    auto warden = warden_of(global, identity);
    if (!warden) return fail(warden.error());
    auto policy = warden->call(QStringLiteral("policy.show"), {}, kWardenMs);
    if (!policy) return fail(policy.error());
    if (global.json) {
        print_json({{QStringLiteral("schema"), QStringLiteral("botbottle.egress-policy/1")},
                    {QStringLiteral("identity"), identity},
                    {QStringLiteral("policy"), *policy}});
        return kDone;
    }
    const QString all = QStringLiteral("all");
    QList<QStringList> rows;
    for (const auto& item : policy->value(QLatin1String("routes")).toArray()) {
        const QJsonObject route = item.toObject();
        const QJsonObject auth = route.value(QLatin1String("auth")).toObject();
        const bool opaque = route.value(QLatin1String("intercept")) == QJsonValue(false);
        rows +=
            {text_of(route, "host"),
             joined(route.value(QLatin1String("ports")), all),
             joined(route.value(QLatin1String("methods")), all),
             joined(route.value(QLatin1String("path_allowlist")), all),
             opaque           ? QStringLiteral("not decrypted")
             : auth.isEmpty() ? QStringLiteral("-")
                              : text_of(auth, "scheme") + QLatin1Char(' ') + text_of(auth, "slot"),
             scanned(route),
             text_of(route, "owner")};
    }
    if (rows.isEmpty()) {
        print_line(QStringLiteral("%1 can reach nothing").arg(identity));
        return kDone;
    }
    print(table({QStringLiteral("HOST"), QStringLiteral("PORTS"), QStringLiteral("METHODS"),
                 QStringLiteral("PATHS"), QStringLiteral("CREDENTIAL"), QStringLiteral("SCANNED"),
                 QStringLiteral("OWNER")},
                rows));
    return kDone;
}

int run_egress_allow(const GlobalOptions& global, const EgressAllowOptions& options) {
    auto route = route_to_json(options);
    if (!route) return fail(route.error());
    auto secrets = credential_of(options);
    if (!secrets) return fail(secrets.error());
    auto warden = warden_of(global, options.identity);
    if (!warden) return fail(warden.error());
    const QJsonObject params{{QStringLiteral("route"), *route}};
    if (auto sent = warden->send_with_secrets(QStringLiteral("egress.allow"), params, *secrets);
        !sent)
        return fail(sent.error());
    auto done = warden->receive(kWardenMs);
    if (!done) return fail(done.error());
    if (global.json)
        print_change(std::move(*done));
    else
        say(QStringLiteral(
                "%1 may reach %2 until it ends, or until `botbottle egress revoke %1 %2`")
                .arg(options.identity, route->value(QLatin1String("host")).toString()));
    return kDone;
}

int run_egress_revoke(const GlobalOptions& global, const QString& identity, const QString& host) {
    auto name = policy_host(host);
    if (!name) return fail(name.error());
    auto warden = warden_of(global, identity);
    if (!warden) return fail(warden.error());
    auto done =
        warden->call(QStringLiteral("egress.revoke"), {{QStringLiteral("host"), *name}}, kWardenMs);
    if (!done) return fail(done.error());
    if (global.json)
        print_change(std::move(*done));
    else
        say(QStringLiteral("%1 can no longer reach %2; what was open to it is closed")
                .arg(identity, *name));
    return kDone;
}

int run_egress_test(const GlobalOptions& global, const EgressTestOptions& options) {
    auto warden = warden_of(global, options.identity);
    if (!warden) return fail(warden.error());
    auto told = warden->call(
        QStringLiteral("test"),
        {{QStringLiteral("method"), options.method}, {QStringLiteral("url"), options.url}},
        kWardenMs);
    if (!told) return fail(told.error());
    const bool allowed = text_of(*told, "verdict") == QLatin1String("allowed");
    if (global.json) {
        told->insert(QStringLiteral("schema"), QStringLiteral("botbottle.egress-test/1"));
        print_json(*told);
        return allowed ? kDone : kFailed;
    }
    QString line = styled(text_of(*told, "verdict"), allowed ? Style::Green : Style::Red) +
                   QStringLiteral(" (%1)").arg(text_of(*told, "rule"));
    if (allowed) {
        line += QStringLiteral(" by the route for ") + text_of(*told, "route");
        if (const QString slot = text_of(*told, "auth"); !slot.isEmpty())
            line += QStringLiteral(" with the credential ") + slot;
    } else {
        line += QStringLiteral(": ") + text_of(*told, "reason");
    }
    print_line(line);
    if (const QString hint = text_of(*told, "hint"); !hint.isEmpty()) print_line(hint);
    return allowed ? kDone : kFailed;
}

}  // namespace botbottle::cli
