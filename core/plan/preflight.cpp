#include "plan/preflight.h"

#include <QJsonArray>

#include "manifest/route_reader.h"
#include "manifest/text.h"
#include "plan/json.h"

namespace botbottle {
namespace {

constexpr int kLabelWidth = 11;
constexpr int kHttpsPort = 443;

// A column of labels; further lines of the same row are indented below the first.
class Rows {
  public:
    void add(const char* label, const QStringList& lines) {
        QString column = QString::fromLatin1(label);
        for (const QString& line : lines) {
            text_ += column.leftJustified(kLabelWidth) + visible(line) + QLatin1Char('\n');
            column.clear();
        }
    }
    void add(const char* label, const QString& line) {
        if (!line.isEmpty()) add(label, QStringList{line});
    }
    QString take() { return std::move(text_); }

  private:
    QString text_;
};

struct Limit {
    const char* name;  // as in the manifest and in the backend's `limits`
    QString value;
};

QList<Limit> limits_of(const Resources& resources) {
    QList<Limit> limits;
    if (resources.cpus) limits.append({"cpus", QString::number(*resources.cpus)});
    if (resources.memory_bytes) limits.append({"memory", binary_size(*resources.memory_bytes)});
    if (resources.pids) limits.append({"pids", QString::number(*resources.pids)});
    if (resources.disk_bytes) limits.append({"disk", binary_size(*resources.disk_bytes)});
    return limits;
}

QString env_text(const PlannedEnv& entry) {
    switch (entry.source) {
        case PlannedEnv::Source::HostVariable:
            return QStringLiteral("%1 (secret, from $%2)").arg(entry.name, entry.reference);
        case PlannedEnv::Source::Prompt:
            return QStringLiteral("%1 (secret, asked for)").arg(entry.name);
        default:
            return entry.name;
    }
}

QString env_line(const Plan& plan) {
    QStringList names;
    for (const PlannedEnv& entry : plan.env) {
        if (!entry.hidden) names += env_text(entry);
    }
    return names.join(QStringLiteral(", "));
}

QString budget_text(const Budget& budget) {
    QStringList parts;
    if (budget.requests) parts += QStringLiteral("%1 requests").arg(*budget.requests);
    if (budget.bytes) parts += QStringLiteral("%1 bytes").arg(*budget.bytes);
    return QStringLiteral("at most ") + parts.join(QStringLiteral(" and "));
}

QString route_line(const PlannedRoute& route) {
    QString text = route.host;
    if (route.ports != QList<int>{kHttpsPort}) {
        QStringList ports;
        for (const int port : route.ports)
            ports += QString::number(port);
        text += QLatin1Char(':') + ports.join(QLatin1Char(','));
    }
    if (route.auth) text += QStringLiteral(" [auth:%1]").arg(to_string(route.auth->scheme));
    if (route.auth && route.auth->cookies) text += QStringLiteral(" with cookies");
    if (route.methods) text += QLatin1Char(' ') + route.methods->join(QLatin1Char(','));
    if (route.path_allowlist)
        text += QLatin1Char(' ') + route.path_allowlist->join(QLatin1Char(' '));
    if (route.git_fetch) text += QStringLiteral(" git fetch");
    if (!route.intercept)
        text += QStringLiteral(" not decrypted");
    else if (route.dlp == Dlp::Off)
        text += QStringLiteral(" not scanned");
    else if (route.dlp == Dlp::Hold)
        text += QStringLiteral(" asks about secrets");
    if (!route.budget.empty()) text += QLatin1Char(' ') + budget_text(route.budget);
    if (!route.ssrf_ip_allowlist.isEmpty()) {
        text += QStringLiteral(" private: ") + route.ssrf_ip_allowlist.join(QLatin1Char(' '));
    }
    if (route.owner != QStringLiteral("bottle")) text += QStringLiteral(" (%1)").arg(route.owner);
    return text;
}

QStringList route_lines(const Plan& plan) {
    QStringList lines;
    for (const PlannedRoute& route : plan.routes)
        lines += route_line(route);
    if (!plan.budget.empty()) lines += QStringLiteral("all together: ") + budget_text(plan.budget);
    if (lines.isEmpty()) lines += QStringLiteral("none: nothing can be reached");
    return lines;
}

// What the agent's git may do, through the git-gate.
QStringList repo_lines(const Plan& plan) {
    QStringList lines;
    for (const PlannedRepo& repo : plan.repos) {
        QString line = QStringLiteral("%1 → %2:%3 (%4 with %5)")
                           .arg(repo.name, repo.host)
                           .arg(repo.port)
                           .arg(repo.url, repo.identity);
        line += repo.rules.branches.isEmpty()
                    ? QStringLiteral(" push: all")
                    : QStringLiteral(" push: ") + repo.rules.branches.join(QLatin1Char(' '));
        if (repo.rules.force) line += QStringLiteral(" force");
        if (repo.rules.deletion) line += QStringLiteral(" delete");
        if (!repo.rules.paths.isEmpty())
            line += QStringLiteral(" asks about: ") + repo.rules.paths.join(QLatin1Char(' '));
        if (repo.rules.dlp == Dlp::Off)
            line += QStringLiteral(" not scanned");
        else if (repo.rules.dlp == Dlp::Hold)
            line += QStringLiteral(" asks about secrets");
        if (repo.host_key.isEmpty())
            line += QStringLiteral(" (no host_key: it can be neither fetched nor pushed)");
        lines += line;
    }
    return lines;
}

// The files of the operator's that a credential is taken from.
QStringList login_lines(const Plan& plan) {
    QStringList lines;
    for (const CredentialSlot& slot : plan.credential_slots) {
        if (slot.file) lines += QStringLiteral("%1 from %2").arg(slot.slot, slot.file->path);
    }
    return lines;
}

QString upstream_line(const PlannedUpstream& upstream) {
    QStringList parts;
    if (upstream.proxy) {
        QString proxy = QStringLiteral("through http://%1:%2")
                            .arg(upstream.proxy->host)
                            .arg(upstream.proxy->port);
        if (!upstream.proxy->username.isEmpty())
            proxy += QStringLiteral(" as ") + upstream.proxy->username;
        parts += proxy;
    }
    if (!upstream.ca_pem.isEmpty()) parts += QStringLiteral("own certificate authority trusted");
    return parts.join(QStringLiteral(", "));
}

QString identity_line(const Plan& plan) {
    if (plan.git_identity.empty()) return {};
    QStringList parts;
    if (!plan.git_identity.name.isEmpty()) parts += plan.git_identity.name;
    if (!plan.git_identity.email.isEmpty())
        parts += QStringLiteral("<%1>").arg(plan.git_identity.email);
    if (plan.identity_claimed) parts += QStringLiteral("(claimed by the repository)");
    return parts.join(QLatin1Char(' '));
}

QString workspace_line(const Plan& plan) {
    if (!plan.copy_working_directory || plan.workspace.mode == WorkspaceManifest::Mode::None) {
        return QStringLiteral("empty");
    }
    QString text = QStringLiteral("a copy of ") + plan.working_directory;
    if (!plan.workspace.exclude.isEmpty()) {
        text += QStringLiteral(" without ") + plan.workspace.exclude.join(QStringLiteral(", "));
    }
    return text;
}

QString limits_line(const Plan& plan) {
    QStringList parts;
    for (const Limit& limit : limits_of(plan.resources)) {
        parts += QString::fromLatin1(limit.name) + QLatin1Char(' ') + limit.value;
    }
    return parts.join(QStringLiteral(", "));
}

QJsonArray env_to_json(const Plan& plan) {
    QJsonArray array;
    for (const PlannedEnv& entry : plan.env) {
        if (entry.hidden) continue;
        QJsonObject object{{QStringLiteral("name"), entry.name},
                           {QStringLiteral("source"), to_string(entry.source)}};
        if (entry.secret()) object.insert(QStringLiteral("reference"), entry.reference);
        array += object;
    }
    return array;
}

}  // namespace

QStringList unheld_limits(const Plan& plan, const QJsonObject& probe) {
    const QJsonObject held = probe.value(QStringLiteral("limits")).toObject();
    QStringList unheld;
    for (const Limit& limit : limits_of(plan.resources)) {
        if (!held.value(QLatin1String(limit.name)).toBool())
            unheld += QString::fromLatin1(limit.name);
    }
    return unheld;
}

QString preflight_text(const Plan& plan, const QStringList& unheld) {
    Rows rows;
    if (plan.agent.isEmpty()) {
        rows.add("command", plan.command.join(QLatin1Char(' ')));
    } else {
        rows.add("agent", plan.agent + (plan.agent_from_repository
                                            ? QStringLiteral(" (from this repository)")
                                            : QString()));
        rows.add("provider", plan.provider ? plan.provider->id : QString());
    }
    rows.add("backend", plan.backend);
    rows.add("image", plan.dockerfile);
    rows.add("bottle", plan.bottle.isEmpty() ? QStringLiteral("none")
                                             : plan.bottle_chain.join(QStringLiteral(" → ")));
    rows.add("env", env_line(plan));
    QStringList skills;
    for (const PlannedSkill& skill : plan.skills)
        skills += skill.name;
    rows.add("skills", skills.join(QStringLiteral(", ")));
    rows.add("identity", identity_line(plan));
    rows.add("workspace", workspace_line(plan));
    rows.add("routes", route_lines(plan));
    rows.add("repos", repo_lines(plan));
    rows.add("login", login_lines(plan));
    rows.add("upstream", upstream_line(plan.upstream));
    rows.add("limits", limits_line(plan));
    if (!unheld.isEmpty()) {
        rows.add("warning", QStringLiteral("this backend does not hold: %1")
                                .arg(unheld.join(QStringLiteral(", "))));
    }
    for (const QString& warning : plan.warnings)
        rows.add("warning", warning);
    for (const QString& note : plan.notes)
        rows.add("note", note);
    return rows.take();
}

QJsonObject preflight_json(const Plan& plan, const QStringList& unheld) {
    QJsonArray skills;
    for (const PlannedSkill& skill : plan.skills)
        skills += skill.name;
    const bool copies =
        plan.copy_working_directory && plan.workspace.mode == WorkspaceManifest::Mode::Copy;
    return {
        {QStringLiteral("schema"), QStringLiteral("botbottle.preflight/1")},
        {QStringLiteral("agent"), text_or_null(plan.agent)},
        {QStringLiteral("agent_from_repository"), plan.agent_from_repository},
        {QStringLiteral("command"), QJsonArray::fromStringList(plan.command)},
        {QStringLiteral("arguments"), QJsonArray::fromStringList(plan.arguments)},
        {QStringLiteral("headless"), plan.headless},
        {QStringLiteral("provider"), text_or_null(plan.provider ? plan.provider->id : QString())},
        {QStringLiteral("backend"), plan.backend},
        {QStringLiteral("dockerfile"), text_or_null(plan.dockerfile)},
        {QStringLiteral("bottle"), text_or_null(plan.bottle)},
        {QStringLiteral("bottle_chain"), QJsonArray::fromStringList(plan.bottle_chain)},
        {QStringLiteral("env"), env_to_json(plan)},
        {QStringLiteral("skills"), skills},
        {QStringLiteral("git_identity"), git_identity_to_json(plan)},
        {QStringLiteral("workspace"),
         QJsonObject{
             {QStringLiteral("copy_of"), text_or_null(copies ? plan.working_directory : QString())},
             {QStringLiteral("exclude"), QJsonArray::fromStringList(plan.workspace.exclude)}}},
        {QStringLiteral("routes"), routes_to_json(plan.routes)},
        {QStringLiteral("credentials"), credentials_to_json(plan.credential_slots)},
        {QStringLiteral("upstream"),
         QJsonObject{{QStringLiteral("proxy"), proxy_to_json(plan.upstream.proxy)},
                     {QStringLiteral("own_ca"), !plan.upstream.ca_pem.isEmpty()}}},
        {QStringLiteral("repos"), repos_to_json(plan.repos)},
        {QStringLiteral("limits"), resources_to_json(plan.resources)},
        {QStringLiteral("limits_not_held"), QJsonArray::fromStringList(unheld)},
        {QStringLiteral("warnings"), QJsonArray::fromStringList(plan.warnings)},
        {QStringLiteral("notes"), QJsonArray::fromStringList(plan.notes)},
    };
}

}  // namespace botbottle
