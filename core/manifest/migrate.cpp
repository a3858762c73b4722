#include "manifest/migrate.h"

#include <QHash>

#include "manifest/frontmatter.h"
#include "manifest/names.h"
#include "manifest/problems.h"
#include "manifest/text.h"
#include "manifest/yaml.h"
#include "manifest/yaml_writer.h"

namespace botbottle {
namespace {

using yaml::Member;
using yaml::Value;

bool is(const Value* node, Value::Kind kind) {
    return node != nullptr && node->kind == kind;
}

// One bottle's mapping. Keys that did not change keep their order and content.
class BottleMigration {
  public:
    BottleMigration(QString place, QStringList& notes) : place_(std::move(place)), notes_(notes) {
        written_.kind = Value::Kind::Mapping;
    }

    Value migrate(const Value& old) {
        for (const Member& member : old.members)
            take(member);
        if (!git_gate_.members.empty()) set_member(written_, QStringLiteral("git-gate"), git_gate_);
        if (!routes_.empty()) set_member(egress_, QStringLiteral("routes"), sequence_of(routes_));
        if (!egress_.members.empty()) set_member(written_, QStringLiteral("egress"), egress_);
        return std::move(written_);
    }

  private:
    void take(const Member& member) {
        const QString& key = member.key;
        if (key == QLatin1String("git") || key == QLatin1String("git-gate")) {
            take_git(member);
        } else if (key == QLatin1String("egress")) {
            take_egress(member);
        } else if (key == QLatin1String("cred_proxy")) {
            take_credentials(member);
        } else if (key == QLatin1String("ExtraHosts")) {
            take_extra_hosts(member);
        } else if (key == QLatin1String("runtime")) {
            note(member,
                 QStringLiteral("runtime: left out; write \"backend: %1\" into settings.yaml")
                     .arg(visible(member.value.text)));
        } else if (key == QLatin1String("ssh")) {
            note(member,
                 QStringLiteral("ssh: left out; write each repo as git-gate.repos.<name> with "
                                "\"url\", \"identity\" and \"host_key\""));
        } else {
            written_.members.push_back(member);
        }
    }

    // `git.remotes` became `git-gate.repos`; `git.user` stayed what it was.
    void take_git(const Member& member) {
        for (const Member& inner : member.value.members) {
            const bool remotes = inner.key == QLatin1String("remotes");
            set_member(git_gate_, remotes ? QStringLiteral("repos") : inner.key, inner.value);
        }
        if (!is(&member.value, Value::Kind::Mapping)) unusable(member);
    }

    void take_egress(const Member& member) {
        if (!is(&member.value, Value::Kind::Mapping)) return unusable(member);
        for (const Member& inner : member.value.members) {
            if (inner.key == QLatin1String("routes") && is(&inner.value, Value::Kind::Sequence)) {
                for (const Value& route : inner.value.items) {
                    const Value* host = route.find(QStringLiteral("host"));
                    if (host == nullptr)
                        routes_.push_back(route);
                    else
                        for (const Member& each : route.members)
                            set_member(route_of(host->text), each.key, each.value);
                }
            } else if (inner.key == QLatin1String("allowlist")) {
                for (const Value& host : inner.value.items) {
                    if (is(&host, Value::Kind::String))
                        route_of(host.text);
                    else
                        note(inner, QStringLiteral("egress.allowlist: left out what is no name"));
                }
            } else {
                set_member(egress_, inner.key, inner.value);
            }
        }
    }

    // A list of {host, …}, or a mapping from host to {…}; what stood there beside the host was the
    // credential, and is `auth` now.
    void take_credentials(const Member& member) {
        for (const Value& item : member.value.items) {
            const Value* host = item.find(QStringLiteral("host"));
            if (!is(host, Value::Kind::String)) {
                unusable(member);
                continue;
            }
            take_credential(member, host->text, item);
        }
        for (const Member& inner : member.value.members)
            take_credential(member, inner.key, inner.value);
    }

    void take_credential(const Member& member, const QString& host, const Value& old) {
        Value auth;
        for (const Member& each : old.members) {
            if (each.key != QLatin1String("host")) set_member(auth, each.key, each.value);
        }
        const Value* reference = auth.find(QStringLiteral("token_ref"));
        // What is no variable's name may be the credential itself: it is not written anywhere.
        if (!is(reference, Value::Kind::String) || !is_variable_name(reference->text)) {
            note(member,
                 QStringLiteral("cred_proxy: the route for %1 has no \"auth\" yet: write "
                                "\"scheme\" and \"token_ref\", the name of the host variable")
                     .arg(quoted(host)));
            route_of(host);
            return;
        }
        if (auth.find(QStringLiteral("scheme")) == nullptr)
            set_member(auth, QStringLiteral("scheme"),
                       yaml::string_value(QStringLiteral("Bearer")));
        set_member(route_of(host), QStringLiteral("auth"), auth);
    }

    // "name:address", as Docker has it.
    void take_extra_hosts(const Member& member) {
        for (const Value& item : member.value.items) {
            const qsizetype colon = item.text.indexOf(u':');
            if (colon < 1) {
                unusable(member);
                continue;
            }
            const Value address = yaml::string_value(item.text.mid(colon + 1));
            set_member(route_of(item.text.left(colon)), QStringLiteral("ssrf_ip_allowlist"),
                       yaml::sequence_of({address}));
            note(member,
                 QStringLiteral("ExtraHosts: %1 must also resolve to that address on the host")
                     .arg(quoted(item.text.left(colon))));
        }
    }

    Value& route_of(const QString& host) {
        const auto known = route_index_.constFind(host);
        if (known != route_index_.constEnd()) return routes_[*known];
        route_index_.insert(host, routes_.size());
        Value route;
        set_member(route, QStringLiteral("host"), yaml::string_value(host));
        routes_.push_back(route);
        return routes_.back();
    }

    void unusable(const Member& member) {
        note(member, QStringLiteral("%1: left out what has no new form").arg(visible(member.key)));
    }
    void note(const Member& member, const QString& text) {
        notes_ += QStringLiteral("%1:%2: %3").arg(place_).arg(member.line).arg(text);
    }

    QString place_;
    QStringList& notes_;
    Value written_;
    Value git_gate_;
    Value egress_;
    std::vector<Value> routes_;
    QHash<QString, std::size_t> route_index_;
};

QString markdown(const Value& frontmatter, const QString& body) {
    const QString yaml = frontmatter.members.empty() ? QString() : yaml::write(frontmatter);
    return QStringLiteral("---\n%1---\n%2")
        .arg(yaml, body.isEmpty() ? QString() : body + QLatin1Char('\n'));
}

// {"bottles": {name: {…}}, "agents": {name: {…, "prompt": …}}}
void migrate_json(const Value& root, const QString& file, Migration& migration) {
    for (const Member& section : root.members) {
        const bool bottles = section.key == QLatin1String("bottles");
        if (!bottles && section.key != QLatin1String("agents")) {
            migration.notes +=
                QStringLiteral("%1:%2: %3: left out; it has no place in a bottle or an agent")
                    .arg(file)
                    .arg(section.line)
                    .arg(visible(section.key));
            continue;
        }
        for (const Member& entry : section.value.members) {
            if (!is_manifest_name(entry.key)) {
                migration.notes +=
                    QStringLiteral("%1:%2: %3 is left out: a name is [a-z][a-z0-9-]*")
                        .arg(file)
                        .arg(entry.line)
                        .arg(quoted(entry.key));
                continue;
            }
            MigratedFile written;
            written.path = section.key + QLatin1Char('/') + entry.key + QStringLiteral(".md");
            if (bottles) {
                written.text =
                    markdown(BottleMigration(file, migration.notes).migrate(entry.value), {});
            } else {
                Value frontmatter;
                frontmatter.kind = Value::Kind::Mapping;
                QString prompt;
                for (const Member& member : entry.value.members) {
                    if (member.key == QLatin1String("prompt"))
                        prompt = member.value.text;
                    else
                        set_member(frontmatter, member.key, member.value);
                }
                written.text = markdown(frontmatter, prompt);
            }
            migration.files += written;
        }
    }
}

}  // namespace

Result<Migration> migrate(const QString& name, const QString& file, const std::string& text) {
    Problems problems(file);
    Migration migration;
    if (file.endsWith(QLatin1String(".json"))) {
        const auto root =
            check_utf8(text, problems) ? yaml::parse(text, 1, problems) : std::nullopt;
        if (root && root->kind != Value::Kind::Mapping)
            problems.add(1, {},
                         QStringLiteral("expected an object with \"bottles\" and \"agents\""));
        if (!problems.empty()) return problems.error("manifest_invalid");
        migrate_json(*root, file, migration);
        return migration;
    }
    const auto parts = split_frontmatter(text, problems);
    const auto root = parts ? yaml::parse(parts->yaml, parts->yaml_line, problems) : std::nullopt;
    if (root && root->kind != Value::Kind::Mapping && root->kind != Value::Kind::Null)
        problems.add(root->line, {},
                     QStringLiteral("the frontmatter is no mapping (\"key: value\")"));
    if (!problems.empty()) return problems.error("manifest_invalid");
    MigratedFile written;
    written.path = QStringLiteral("bottles/%1.md").arg(name);
    written.text = markdown(BottleMigration(file, migration.notes).migrate(*root), parts->body);
    migration.files += written;
    return migration;
}

}  // namespace botbottle
