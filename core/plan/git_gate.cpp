#include "plan/git_gate.h"

#include "plan/json.h"

namespace botbottle {
namespace {

constexpr int kSshPort = 22;

QString config_value(QString value) {
    value.replace(QLatin1Char('\\'), QStringLiteral("\\\\"));
    value.replace(QLatin1Char('"'), QStringLiteral("\\\""));
    return QLatin1Char('"') + value + QLatin1Char('"');
}

QString address_of(const PlannedRepo& repo) {
    return QStringLiteral("http://127.0.0.1:%1/%2.git").arg(kGitPort).arg(repo.name);
}

QString stem_of(const QString& path) {
    return path.endsWith(QLatin1String(".git")) ? path.chopped(4) : path;
}

// git takes these as prefixes and uses the longest. A neighbour whose name begins with a declared
// one ("…/toolbox" beside "…/tool") is led to the gate too, and gets its 404.
QStringList spellings(const PlannedRepo& repo) {
    const bool v6 = repo.host.contains(u':') && !repo.host.startsWith(u'[');
    const QString host = v6 ? QLatin1Char('[') + repo.host + QLatin1Char(']') : repo.host;
    const QString port = QStringLiteral(":%1").arg(repo.port);
    const QString path = repo.path.mid(1);
    QStringList bases = {QStringLiteral("ssh://%1@%2%3/").arg(repo.user, host, port)};
    if (repo.port == kSshPort) {
        bases += QStringLiteral("ssh://%1@%2/").arg(repo.user, host);
        bases += QStringLiteral("%1@%2:").arg(repo.user, host);
        bases += QStringLiteral("%1@%2:/").arg(repo.user, host);
    }
    bases += QStringLiteral("https://%1/").arg(host);
    const QString stem = stem_of(path);
    QStringList list;
    for (const QString& base : bases) {
        list += base + stem + QStringLiteral(".git");
        list += base + stem;
    }
    return list;
}

}  // namespace

QJsonObject git_gate_document(const Plan& plan, const QString& directory) {
    QJsonArray repos;
    for (const PlannedRepo& repo : plan.repos)
        repos += QJsonObject{{QStringLiteral("name"), repo.name},
                             {QStringLiteral("url"), repo.url},
                             {QStringLiteral("host_key"), repo.host_key},
                             {QStringLiteral("rules"), repo_rules_to_json(repo.rules)}};
    return {{QStringLiteral("directory"), directory}, {QStringLiteral("repos"), repos}};
}

QJsonArray git_gate_addresses(const Plan& plan) {
    QJsonArray list;
    for (const PlannedRepo& repo : plan.repos)
        list += QJsonObject{{QStringLiteral("host"), repo.host},
                            {QStringLiteral("path"), stem_of(repo.path)},
                            {QStringLiteral("address"), address_of(repo)}};
    return list;
}

QString git_gate_config(const Plan& plan) {
    QString config;
    for (const PlannedRepo& repo : plan.repos) {
        config += QStringLiteral("[url \"%1\"]\n").arg(address_of(repo));
        for (const QString& spelling : spellings(repo))
            config += QStringLiteral("\tinsteadOf = %1\n").arg(config_value(spelling));
    }
    return config;
}

}  // namespace botbottle
