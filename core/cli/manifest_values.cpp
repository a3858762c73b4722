#include "cli/manifest_values.h"

#include <QJsonDocument>
#include <QJsonObject>

#include "cli/output.h"
#include "manifest/route_reader.h"
#include "manifest/text.h"

namespace botbottle::cli {
namespace {

constexpr qsizetype kLongestLiteral = 60;

class Values {
  public:
    void add(const QString& key, const QString& value, const Location& where) {
        list_.append({key, value, place(where)});
    }

    // With its place among those of a section, where it is a default otherwise.
    void add(const QString& section, const char* key, const QString& value, const Places& places) {
        const QString name = QString::fromLatin1(key);
        const auto where = places.constFind(name);
        list_.append({section.isEmpty() ? name : section + QLatin1Char('.') + name, value,
                      where == places.constEnd() ? QStringLiteral("default") : place(*where)});
    }

    QList<ManifestValue> take() { return std::move(list_); }

  private:
    QList<ManifestValue> list_;
};

QString env_value(const EnvEntry& entry) {
    switch (entry.kind) {
        case EnvEntry::Kind::HostVariable:
            return QStringLiteral("secret, from $%1").arg(entry.text);
        case EnvEntry::Kind::Prompt:
            return QStringLiteral("secret, asked for");
        case EnvEntry::Kind::Literal:
            break;
    }
    return entry.text.size() <= kLongestLiteral ? entry.text
                                                : entry.text.left(kLongestLiteral) + u'…';
}

QString setting_value(const QJsonValue& value) {
    if (value.isString()) return value.toString();
    if (value.isArray())
        return QString::fromUtf8(QJsonDocument(value.toArray()).toJson(QJsonDocument::Compact));
    return value.toVariant().toString();
}

QString route_value(const RouteManifest& route) {
    QStringList ports;
    for (const int port : route.ports)
        ports.append(QString::number(port));
    QString text = QStringLiteral("%1:%2").arg(route.host, ports.join(QLatin1Char(',')));
    if (route.methods) text += QLatin1Char(' ') + route.methods->join(QLatin1Char(','));
    if (route.path_allowlist)
        text += QLatin1Char(' ') + route.path_allowlist->join(QLatin1Char(' '));
    if (route.auth)
        text += QStringLiteral(" [%1 from $%2]")
                    .arg(to_string(route.auth->scheme), route.auth->token_ref);
    if (route.auth && route.auth->cookies) text += QStringLiteral(" with cookies");
    if (!route.intercept)
        text += QStringLiteral(" not decrypted");
    else if (route.dlp == Dlp::Off)
        text += QStringLiteral(" not scanned");
    else if (route.dlp == Dlp::Hold)
        text += QStringLiteral(" findings are held");
    if (!route.websocket) text += QStringLiteral(" no websocket");
    if (route.git_fetch) text += QStringLiteral(" git fetch");
    if (!route.ssrf_ip_allowlist.isEmpty())
        text += QStringLiteral(" private: ") + route.ssrf_ip_allowlist.join(QLatin1Char(' '));
    return text;
}

QString repo_value(const GitRepo& repo) {
    QString text = QStringLiteral("%1 with %2").arg(repo.url, repo.identity);
    if (repo.host_key.isEmpty())
        text += QStringLiteral(" (no host_key: it can be neither fetched nor pushed)");
    return text;
}

QString budget_value(const Budget& budget) {
    QStringList parts;
    if (budget.requests) parts += QStringLiteral("%1 requests").arg(*budget.requests);
    if (budget.bytes) parts += QStringLiteral("%1 bytes").arg(*budget.bytes);
    return parts.join(QStringLiteral(", "));
}

void add_identity(Values& values, const GitIdentity& identity) {
    const QString section = QStringLiteral("git-gate.user");
    if (!identity.name.isEmpty()) values.add(section, "name", identity.name, identity.places);
    if (!identity.email.isEmpty()) values.add(section, "email", identity.email, identity.places);
}

void add_provider(Values& values, const ProviderManifest& provider) {
    const QString section = QStringLiteral("agent_provider");
    // Without a line it was not written anywhere.
    values.add(
        section, "template", provider.id,
        provider.where.line > 0 ? Places{{QStringLiteral("template"), provider.where}} : Places());
    if (!provider.dockerfile.isEmpty())
        values.add(section, "dockerfile", provider.dockerfile, provider.places);
    for (const ProviderSetting& setting : provider.settings)
        values.add(section + QLatin1Char('.') + setting.key, setting_value(setting.value),
                   setting.where);
}

void add_resources(Values& values, const Resources& resources) {
    const QString section = QStringLiteral("resources");
    const auto add = [&](const char* key, const QString& value) {
        values.add(section, key, value, resources.places);
    };
    if (resources.cpus) add("cpus", QString::number(*resources.cpus));
    if (resources.memory_bytes) add("memory", binary_size(*resources.memory_bytes));
    if (resources.pids) add("pids", QString::number(*resources.pids));
    if (resources.disk_bytes) add("disk", binary_size(*resources.disk_bytes));
}

void add_workspace(Values& values, const WorkspaceManifest& workspace) {
    const QString section = QStringLiteral("workspace");
    const bool copies = workspace.mode == WorkspaceManifest::Mode::Copy;
    values.add(section, "mode", copies ? QStringLiteral("copy") : QStringLiteral("none"),
               workspace.places);
    if (!workspace.exclude.isEmpty())
        values.add(section, "exclude", workspace.exclude.join(QStringLiteral(", ")),
                   workspace.places);
}

}  // namespace

QString place(const Location& where) {
    return where.line > 0 ? QStringLiteral("%1:%2").arg(where.file).arg(where.line) : where.file;
}

QList<ManifestValue> values_of(const BottleManifest& bottle) {
    Values values;
    add_provider(values, bottle.provider);
    for (const EnvEntry& entry : bottle.env)
        values.add(QStringLiteral("env.") + entry.name, env_value(entry), entry.where);
    add_identity(values, bottle.git_identity);
    for (const GitRepo& repo : bottle.repos)
        values.add(QStringLiteral("git-gate.repos.") + repo.name, repo_value(repo), repo.where);
    for (const RouteManifest& route : bottle.routes)
        values.add(QStringLiteral("egress.routes"), route_value(route), route.where);
    if (!bottle.budget.empty())
        values.add(QStringLiteral("egress"), "budget", budget_value(bottle.budget), bottle.places);
    values.add({}, "supervise", bottle.supervise ? QStringLiteral("true") : QStringLiteral("false"),
               bottle.places);
    add_resources(values, bottle.resources);
    add_workspace(values, bottle.workspace);
    return values.take();
}

QList<ManifestValue> values_of(const AgentManifest& agent) {
    Values values;
    values.add(QStringLiteral("bottle"), agent.bottle, agent.where);
    if (!agent.skills.isEmpty())
        values.add({}, "skills", agent.skills.join(QStringLiteral(", ")), agent.places);
    add_identity(values, agent.git_identity);
    return values.take();
}

QString values_text(const QList<ManifestValue>& values) {
    QList<QStringList> rows;
    for (const ManifestValue& value : values)
        rows.append({visible(value.key), visible(value.value), visible(value.from)});
    return table({QStringLiteral("KEY"), QStringLiteral("VALUE"), QStringLiteral("FROM")}, rows);
}

QJsonArray values_json(const QList<ManifestValue>& values) {
    QJsonArray array;
    for (const ManifestValue& value : values)
        array.append(QJsonObject{{QStringLiteral("key"), value.key},
                                 {QStringLiteral("value"), value.value},
                                 {QStringLiteral("from"), value.from}});
    return array;
}

}  // namespace botbottle::cli
