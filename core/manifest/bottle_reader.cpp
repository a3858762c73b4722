#include "manifest/bottle_reader.h"

#include <QHash>
#include <QJsonArray>
#include <QJsonObject>
#include <QRegularExpression>

#include "manifest/frontmatter.h"
#include "manifest/git_identity_reader.h"
#include "manifest/git_repo_reader.h"
#include "manifest/names.h"
#include "manifest/reader.h"
#include "manifest/route_reader.h"
#include "manifest/text.h"

namespace botbottle {
namespace {

using yaml::Value;

constexpr qint64 kMostPids = 4194304;  // PID_MAX_LIMIT of Linux on 64 bits
constexpr double kMostCpus = 4096;

QList<EnvEntry> read_env(const Value& node, const QString& path, Problems& problems) {
    static const QRegularExpression kReference(
        QStringLiteral("\\A\\$\\{([A-Za-z_][A-Za-z0-9_]*)\\}\\z"));
    QList<EnvEntry> env;
    for (const yaml::Member& member : node.members) {
        if (!is_variable_name(member.key)) {
            problems.add(member.line, path,
                         QStringLiteral("%1 is not a variable name: letters, digits and \"_\", not "
                                        "starting with a digit")
                             .arg(quoted(member.key)));
            continue;
        }
        const QString member_path = path + QLatin1Char('.') + member.key;
        const auto value = read_string(member.value, member_path, problems);
        if (!value) continue;
        EnvEntry entry{member.key, EnvEntry::Kind::Literal, *value, {problems.file(), member.line}};
        const auto match = kReference.match(*value);
        if (value->startsWith(u'?')) {
            entry.kind = EnvEntry::Kind::Prompt;
            entry.text = value->mid(1).trimmed();
            if (!is_one_line(entry.text)) {
                problems.add(member.line, member_path,
                             QStringLiteral("a prompt is one line without control characters"));
            }
        } else if (match.hasMatch()) {
            entry.kind = EnvEntry::Kind::HostVariable;
            entry.text = match.captured(1);
        }
        env += entry;
    }
    return env;
}

QJsonValue to_json(const Value& node) {
    switch (node.kind) {
        case Value::Kind::Null:
            return QJsonValue::Null;
        case Value::Kind::Bool:
            return node.text.toLower() == QStringLiteral("true");
        case Value::Kind::Integer: {
            bool fits = false;
            const qint64 value = node.text.toLongLong(&fits);
            return fits ? QJsonValue(value) : QJsonValue(node.text.toDouble());
        }
        case Value::Kind::Float:
            return node.text.toDouble();
        case Value::Kind::String:
            return node.text;
        case Value::Kind::Sequence: {
            QJsonArray array;
            for (const Value& item : node.items)
                array += to_json(item);
            return array;
        }
        case Value::Kind::Mapping: {
            QJsonObject object;
            for (const yaml::Member& member : node.members) {
                object.insert(member.key, to_json(member.value));
            }
            return object;
        }
    }
    return {};
}

ProviderManifest read_provider(const Value& node, const QString& path, Problems& problems) {
    const QString template_key = QStringLiteral("template");
    const QString dockerfile_key = QStringLiteral("dockerfile");
    ProviderManifest provider;
    provider.where = {problems.file(), node.line};
    MapReader map(node, path, problems);
    if (const auto id = map.string(template_key)) {
        provider.id = *id;
        provider.where.line = map.line_of(template_key);
        if (!is_manifest_name(*id)) {
            map.problem(template_key,
                        QStringLiteral("found %1, expected the id of a provider plugin "
                                       "([a-z][a-z0-9-]*)")
                            .arg(quoted(*id)));
        }
    }
    if (const auto dockerfile = map.string(dockerfile_key)) {
        provider.dockerfile = *dockerfile;
        if (!is_host_path(*dockerfile)) {
            map.problem(dockerfile_key,
                        QStringLiteral("found %1, expected a path that begins with \"/\" or \"~/\"")
                            .arg(quoted(*dockerfile)));
        }
        map.need_enforced(dockerfile_key, "agent_provider.dockerfile");
    }
    provider.places = map.places_of({"dockerfile"});
    for (const yaml::Member& member : node.members) {
        if (member.key == template_key || member.key == dockerfile_key) continue;
        provider.settings +=
            ProviderSetting{member.key, to_json(member.value), {problems.file(), member.line}};
    }
    return provider;
}

std::optional<double> read_cpus(MapReader& map) {
    const QString key = QStringLiteral("cpus");
    const Value* node = map.find(key);
    if (node == nullptr) return std::nullopt;
    const bool number = node->kind == Value::Kind::Integer || node->kind == Value::Kind::Float;
    const double cpus = number ? node->text.toDouble() : 0;
    if (cpus > 0 && cpus <= kMostCpus) return cpus;
    map.problem(key,
                mismatch(*node, QStringLiteral("a number of processors above 0, such as 1.5")));
    return std::nullopt;
}

Resources read_resources(const Value& node, const QString& path, Problems& problems) {
    MapReader map(node, path, problems);
    Resources resources;
    resources.cpus = read_cpus(map);
    resources.memory_bytes = map.size(QStringLiteral("memory"));
    resources.pids = map.integer(QStringLiteral("pids"), 1, kMostPids);
    resources.disk_bytes = map.size(QStringLiteral("disk"));
    resources.places = map.places_of({"cpus", "memory", "pids", "disk"});
    map.finish();
    return resources;
}

WorkspaceManifest read_workspace(const Value& node, const QString& path, Problems& problems) {
    const QString mode_key = QStringLiteral("mode");
    MapReader map(node, path, problems);
    WorkspaceManifest workspace;
    static const QStringList kModes = {QStringLiteral("copy"), QStringLiteral("none")};
    if (map.word(mode_key, kModes) == 1) workspace.mode = WorkspaceManifest::Mode::None;
    workspace.exclude = map.strings(QStringLiteral("exclude")).value_or(QStringList());
    workspace.places = map.places_of({"mode", "exclude"});
    map.finish();
    return workspace;
}

void read_egress(const Value& node, const QString& path, BottleLayer& layer, Problems& problems) {
    const QString key = QStringLiteral("routes");
    MapReader map(node, path, problems);
    layer.routes.emplace();
    if (const Value* routes = map.sequence(key)) {
        layer.routes = read_routes(*routes, map.path_of(key), RouteWriter::Bottle, problems);
    }
    map.refuse(QStringLiteral("allowlist"),
               QStringLiteral("replaced by \"egress.routes\": one entry "
                              "with \"host\" for each name"));
    const QString budget_key = QStringLiteral("budget");
    if (const Value* budget = map.mapping(budget_key)) {
        layer.budget = read_budget(*budget, map.path_of(budget_key), problems);
        map.need_enforced(budget_key, "egress.budget");
    }
    layer.places.insert(map.places_of({"budget"}));
    map.finish();
}

void read_git_gate(const Value& node, const QString& path, BottleLayer& layer, Problems& problems) {
    MapReader map(node, path, problems);
    layer.git_identity = read_git_identity(map, problems);
    const QString repos_key = QStringLiteral("repos");
    if (const Value* repos = map.mapping(repos_key)) {
        layer.repos = read_git_repos(*repos, map.path_of(repos_key), problems);
    }
    map.refuse(QStringLiteral("remotes"), QStringLiteral("replaced by \"git-gate.repos\""));
    map.finish();
}

void read_extends(MapReader& map, BottleLayer& layer) {
    const QString key = QStringLiteral("extends");
    layer.extends = map.string(key);
    if (!layer.extends) return;
    layer.extends_where = {layer.file, map.line_of(key)};
    if (!is_manifest_name(*layer.extends)) {
        map.problem(key, QStringLiteral("found %1, expected the name of a bottle ([a-z][a-z0-9-]*)")
                             .arg(quoted(*layer.extends)));
    }
}

// Keys of older shapes, with what replaced them.
void refuse_older_keys(MapReader& map) {
    map.refuse(QStringLiteral("git"), QStringLiteral("replaced by \"git-gate\""));
    map.refuse(QStringLiteral("cred_proxy"),
               QStringLiteral("replaced by \"egress.routes[].auth\""));
    map.refuse(QStringLiteral("ssh"), QStringLiteral("replaced by \"git-gate.repos\""));
    map.refuse(QStringLiteral("runtime"),
               QStringLiteral("replaced by \"backend\" in settings.yaml, or the flag --backend"));
    map.refuse(QStringLiteral("ExtraHosts"),
               QStringLiteral("replaced by \"egress.routes[].ssrf_ip_allowlist\""));
}

// Entries with the same name: the later one takes the earlier one's place.
template <typename Entry>
void merge_named(QList<Entry>& merged, QHash<QString, qsizetype>& index,
                 const QList<Entry>& entries) {
    for (const Entry& entry : entries) {
        const auto inherited = index.constFind(entry.name);
        if (inherited != index.constEnd()) {
            merged[*inherited] = entry;
        } else {
            index.insert(entry.name, merged.size());
            merged += entry;
        }
    }
}

Result<void> check_whole(const BottleManifest& bottle) {
    Problems problems(bottle.file);
    const auto check_hold = [&](Dlp dlp, const Location& where, const QString& path) {
        if (dlp != Dlp::Hold || bottle.supervise) return;
        problems.add_in(
            where.file, where.line, path,
            QStringLiteral("\"hold\" asks the operator, which needs \"supervise: true\" "
                           "in the bottle"));
    };
    for (qsizetype i = 0; i < bottle.routes.size(); ++i) {
        check_hold(bottle.routes[i].dlp, bottle.routes[i].where,
                   QStringLiteral("egress.routes[%1].dlp").arg(i));
    }
    QHash<QString, QString> names;  // URL → the first repo that has it
    for (const GitRepo& repo : bottle.repos) {
        const QString path = QStringLiteral("git-gate.repos.%1").arg(repo.name);
        check_hold(repo.rules.dlp, repo.where, path + QStringLiteral(".rules.dlp"));
        const auto other = names.constFind(repo.url);
        if (other != names.constEnd()) {
            problems.add_in(
                repo.where.file, repo.where.line, path + QStringLiteral(".url"),
                QStringLiteral("%1 is the repo \"%2\" already: the agent's git could not "
                               "tell them apart")
                    .arg(quoted(repo.url), *other));
        }
        names.insert(repo.url, repo.name);
    }
    if (!problems.empty()) return problems.error("manifest_invalid");
    return {};
}

}  // namespace

Result<BottleLayer> read_bottle(const QString& name, const QString& file, const std::string& text) {
    Problems problems(file);
    BottleLayer layer;
    layer.name = name;
    layer.file = file;
    const auto parts = split_frontmatter(text, problems);
    const auto root = parts ? yaml::parse(parts->yaml, parts->yaml_line, problems) : std::nullopt;
    if (!root) return problems.error("manifest_invalid");

    MapReader map(*root, {}, problems);
    const auto section = [&](const char* key) { return map.mapping(QString::fromLatin1(key)); };
    if (const Value* env = section("env"))
        layer.env = read_env(*env, QStringLiteral("env"), problems);
    read_extends(map, layer);
    if (const Value* node = section("agent_provider")) {
        layer.provider = read_provider(*node, QStringLiteral("agent_provider"), problems);
    }
    if (const Value* node = section("git-gate")) {
        read_git_gate(*node, QStringLiteral("git-gate"), layer, problems);
    }
    if (const Value* node = section("egress")) {
        read_egress(*node, QStringLiteral("egress"), layer, problems);
    }
    if (const Value* node = section("resources")) {
        layer.resources = read_resources(*node, QStringLiteral("resources"), problems);
    }
    if (const Value* node = section("workspace")) {
        layer.workspace = read_workspace(*node, QStringLiteral("workspace"), problems);
    }
    const QString supervise_key = QStringLiteral("supervise");
    layer.supervise = map.boolean(supervise_key);
    layer.places.insert(map.places_of({"supervise"}));
    refuse_older_keys(map);
    map.finish();
    if (!problems.empty()) return problems.error("manifest_invalid");
    return layer;
}

Result<BottleManifest> merge_bottle(const QList<BottleLayer>& chain) {
    BottleManifest bottle;
    bottle.name = chain.last().name;
    bottle.file = chain.last().file;
    bottle.provider.where = {bottle.file, 0};
    QHash<QString, qsizetype> env_index;
    QHash<QString, qsizetype> repo_index;
    for (const BottleLayer& layer : chain) {
        bottle.chain += layer.name;
        merge_named(bottle.env, env_index, layer.env);
        merge_identity(bottle.git_identity, layer.git_identity);
        if (layer.repos && layer.repos->isEmpty()) {
            bottle.repos.clear();
            repo_index.clear();
        }
        merge_named(bottle.repos, repo_index, layer.repos.value_or(QList<GitRepo>()));
        if (layer.provider) bottle.provider = *layer.provider;
        if (layer.routes) {
            bottle.routes = *layer.routes;
            bottle.budget = layer.budget;
            bottle.places.remove(QStringLiteral("budget"));
        }
        bottle.supervise = layer.supervise.value_or(bottle.supervise);
        bottle.places.insert(layer.places);
        if (layer.resources) bottle.resources = *layer.resources;
        if (layer.workspace) bottle.workspace = *layer.workspace;
    }
    if (auto whole = check_whole(bottle); !whole) return tl::make_unexpected(whole.error());
    return bottle;
}

}  // namespace botbottle
