#include "plan/json.h"

#include "manifest/route_reader.h"

namespace botbottle {
namespace {

QJsonObject auth_to_json(const PlannedAuth& auth) {
    QJsonObject object{{QStringLiteral("scheme"), to_string(auth.scheme)},
                       {QStringLiteral("slot"), auth.slot}};
    if (auth.scheme == AuthScheme::Basic) object.insert(QStringLiteral("username"), auth.username);
    if (auth.scheme == AuthScheme::Header) {
        object.insert(QStringLiteral("name"), auth.header);
        if (!auth.prefix.isEmpty()) object.insert(QStringLiteral("prefix"), auth.prefix);
    }
    if (auth.scheme == AuthScheme::Query) object.insert(QStringLiteral("name"), auth.parameter);
    if (auth.cookies) object.insert(QStringLiteral("cookies"), true);
    return object;
}

// Null: everything.
QJsonValue strings_to_json(const std::optional<QStringList>& strings) {
    if (!strings) return QJsonValue::Null;
    return QJsonArray::fromStringList(*strings);
}

}  // namespace

QJsonObject route_to_json(const PlannedRoute& route) {
    QJsonArray ports;
    for (const int port : route.ports)
        ports += port;
    QJsonObject object{
        {QStringLiteral("host"), route.host},
        {QStringLiteral("ports"), ports},
        {QStringLiteral("methods"), strings_to_json(route.methods)},
        {QStringLiteral("path_allowlist"), strings_to_json(route.path_allowlist)},
        {QStringLiteral("ssrf_ip_allowlist"), QJsonArray::fromStringList(route.ssrf_ip_allowlist)},
        {QStringLiteral("owner"), route.owner}};
    if (route.auth) object.insert(QStringLiteral("auth"), auth_to_json(*route.auth));
    if (route.git_fetch) {
        object.insert(QStringLiteral("git"), QJsonObject{{QStringLiteral("fetch"), true}});
    }
    if (!route.intercept) object.insert(QStringLiteral("intercept"), false);
    if (!route.websocket) object.insert(QStringLiteral("websocket"), false);
    object.insert(QStringLiteral("dlp"), to_string(route.dlp));
    if (!route.budget.empty())
        object.insert(QStringLiteral("budget"), budget_to_json(route.budget));
    return object;
}

QJsonObject budget_to_json(const Budget& budget) {
    QJsonObject object;
    if (budget.requests) object.insert(QStringLiteral("requests"), *budget.requests);
    if (budget.bytes) object.insert(QStringLiteral("bytes"), *budget.bytes);
    return object;
}

QJsonArray routes_to_json(const QList<PlannedRoute>& routes) {
    QJsonArray array;
    for (const PlannedRoute& route : routes)
        array += route_to_json(route);
    return array;
}

QJsonValue proxy_to_json(const std::optional<UpstreamProxy>& proxy) {
    if (!proxy) return QJsonValue::Null;
    QJsonObject object{{QStringLiteral("host"), proxy->host},
                       {QStringLiteral("port"), proxy->port}};
    if (!proxy->username.isEmpty()) {
        object.insert(QStringLiteral("username"), proxy->username);
        object.insert(QStringLiteral("password_slot"), QStringLiteral("upstream.proxy"));
    }
    return object;
}

QJsonObject credential_file_to_json(const CredentialFile& file) {
    return {{QStringLiteral("path"), file.path},
            {QStringLiteral("pointer"), file.pointer},
            {QStringLiteral("expiry"), file.jwt ? QJsonValue(QStringLiteral("jwt")) : QJsonValue()},
            {QStringLiteral("renew"), file.renew_command}};
}

QJsonArray credentials_to_json(const QList<CredentialSlot>& credentials) {
    QJsonArray array;
    for (const CredentialSlot& slot : credentials) {
        QJsonObject object{{QStringLiteral("slot"), slot.slot},
                           {QStringLiteral("host_variable"), text_or_null(slot.host_variable)}};
        if (slot.file) object.insert(QStringLiteral("file"), credential_file_to_json(*slot.file));
        array += object;
    }
    return array;
}

QJsonObject repo_rules_to_json(const RepoRules& rules) {
    QJsonObject object{{QStringLiteral("branches"), QJsonArray::fromStringList(rules.branches)},
                       {QStringLiteral("force"), rules.force},
                       {QStringLiteral("delete"), rules.deletion},
                       {QStringLiteral("paths"), QJsonArray::fromStringList(rules.paths)},
                       {QStringLiteral("dlp"), to_string(rules.dlp)}};
    if (rules.max_push_bytes) object.insert(QStringLiteral("max_push_size"), *rules.max_push_bytes);
    return object;
}

QJsonArray repos_to_json(const QList<PlannedRepo>& repos) {
    QJsonArray array;
    for (const PlannedRepo& repo : repos)
        array += QJsonObject{{QStringLiteral("name"), repo.name},
                             {QStringLiteral("url"), repo.url},
                             {QStringLiteral("identity"), repo.identity},
                             {QStringLiteral("host_key"), text_or_null(repo.host_key)},
                             {QStringLiteral("rules"), repo_rules_to_json(repo.rules)}};
    return array;
}

QJsonObject git_identity_to_json(const Plan& plan) {
    return {{QStringLiteral("name"), text_or_null(plan.git_identity.name)},
            {QStringLiteral("email"), text_or_null(plan.git_identity.email)},
            {QStringLiteral("claimed"), plan.identity_claimed}};
}

QJsonValue text_or_null(const QString& text) {
    return text.isEmpty() ? QJsonValue(QJsonValue::Null) : QJsonValue(text);
}

QJsonObject resources_to_json(const Resources& resources) {
    QJsonObject object;
    if (resources.cpus) object.insert(QStringLiteral("cpus"), *resources.cpus);
    if (resources.memory_bytes) object.insert(QStringLiteral("memory"), *resources.memory_bytes);
    if (resources.pids) object.insert(QStringLiteral("pids"), *resources.pids);
    if (resources.disk_bytes) object.insert(QStringLiteral("disk"), *resources.disk_bytes);
    return object;
}

QString to_string(PlannedEnv::Source source) {
    switch (source) {
        case PlannedEnv::Source::Literal:
            return QStringLiteral("literal");
        case PlannedEnv::Source::HostVariable:
            return QStringLiteral("host_variable");
        case PlannedEnv::Source::Prompt:
            return QStringLiteral("prompt");
        case PlannedEnv::Source::Provider:
            return QStringLiteral("provider");
    }
    return {};
}

}  // namespace botbottle
