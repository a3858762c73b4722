// What a bottle file and an agent file say, checked and canonical: plain values without I/O.
// ManifestStore (store.h) makes them; docs and rules: the manifest chapter of docs/.
#pragma once

#include <QHash>
#include <QJsonValue>
#include <QList>
#include <QString>
#include <QStringList>
#include <optional>

namespace botbottle {

// Where a value was written. `line` counts from 1; 0 means that the file as a whole is meant.
struct Location {
    QString file;
    int line = 0;
};

// Where the members of a section were written, by their keys. What is not in it is a default.
using Places = QHash<QString, Location>;

// `env.<NAME>`: a literal, `${HOST_VAR}` or `?prompt`. The last two are secrets.
struct EnvEntry {
    enum class Kind { Literal, HostVariable, Prompt };
    QString name;
    Kind kind = Kind::Literal;
    QString text;  // the literal, the host variable's name, or the prompt
    Location where;
};

struct GitIdentity {
    QString name;
    QString email;
    Places places = {};
    bool empty() const { return name.isEmpty() && email.isEmpty(); }
};

enum class AuthScheme { Bearer, Token, Basic, Header, Query };

struct RouteAuth {
    AuthScheme scheme = AuthScheme::Bearer;
    QString token_ref;     // the host variable that holds the credential
    QString username;      // Basic only
    QString header;        // header only: the header's name
    QString prefix;        // header only, may be empty
    QString parameter;     // query only: the parameter's name
    bool cookies = false;  // the origin's cookies reach the agent, and come back
};

// What happens to a request or a push in which the scanner finds something.
enum class Dlp { Block, Hold, Off };

// The most that a bottle, or one of its routes, may use in its life. Absent means "no limit".
struct Budget {
    std::optional<qint64> requests;
    std::optional<qint64> bytes;  // both directions together
    bool empty() const { return !requests && !bytes; }
    bool operator==(const Budget&) const = default;
};

struct RouteManifest {
    QString host;                               // canonical (base/host.h), perhaps below "*."
    QList<int> ports = {443};                   // unique, 1..65535
    std::optional<QStringList> methods;         // nullopt: every method
    std::optional<QStringList> path_allowlist;  // canonical absolute prefixes; nullopt: every path
    std::optional<RouteAuth> auth;
    QStringList ssrf_ip_allowlist;  // canonical addresses or CIDRs
    bool git_fetch = false;         // cloning over HTTPS; a push over HTTPS is never allowed
    Dlp dlp = Dlp::Block;
    bool intercept = true;  // false: tunnelled without decrypting
    bool websocket = true;
    Budget budget;
    Location where;

    // One or more labels below the name that follows "*."; never that name itself.
    bool any_below() const { return host.startsWith(QLatin1String("*.")); }
};

// What may be pushed to a repo. Globs are as in .gitignore, against the name from its root.
struct RepoRules {
    QStringList branches;   // globs of branches that may be pushed; empty: all
    bool force = false;     // true: also on branches that the agent did not create
    bool deletion = false;  // `delete`
    QStringList paths;      // globs of files whose change needs an approval
    std::optional<qint64> max_push_bytes;
    Dlp dlp = Dlp::Block;
};

// `git-gate.repos.<name>`.
struct GitRepo {
    QString name;
    QString url;  // canonical: ssh://user@host[:port]/path
    QString user;
    QString host;  // canonical (base/host.h)
    int port = 22;
    QString path;      // with its leading slash
    QString identity;  // path of the key on the host; may begin with "~/"
    QString host_key;  // "type base64", as in known_hosts; empty: pushes and fetches are refused
    RepoRules rules;
    Location where;
};

// A key below `agent_provider` that the provider owns. Core checks it against the provider's own
// settings schema when the plan is made, because only then is the provider known.
struct ProviderSetting {
    QString key;
    QJsonValue value;
    Location where;
};

struct ProviderManifest {
    QString id = QStringLiteral("claude");  // agent_provider.template
    QString dockerfile;  // path of a custom agent image's Dockerfile; may begin with "~/"
    QList<ProviderSetting> settings;
    Location where;  // of the template; the bottle's file when it is the default
    Places places = {};
};

// Absent means "no limit asked for".
struct Resources {
    std::optional<double> cpus;
    std::optional<qint64> memory_bytes;
    std::optional<qint64> pids;
    std::optional<qint64> disk_bytes;
    Places places = {};
};

struct WorkspaceManifest {
    enum class Mode { Copy, None };
    Mode mode = Mode::Copy;
    QStringList exclude;  // patterns as in .gitignore
    Places places = {};
};

// A bottle with its `extends` chain merged in.
struct BottleManifest {
    QString name;
    QString file;
    QStringList chain;  // names from the root of `extends` down to this bottle itself
    QList<EnvEntry> env;
    ProviderManifest provider;
    GitIdentity git_identity;
    QList<GitRepo> repos;
    QList<RouteManifest> routes;
    Budget budget;  // of the whole bottle
    bool supervise = false;
    Resources resources;
    WorkspaceManifest workspace;
    Places places;  // of `supervise` and `egress.budget`
};

struct AgentManifest {
    QString name;
    QString file;
    bool from_repository = false;  // prompt, skills and identity were claimed by <cwd>/.bot-bottle
    QString bottle;
    QStringList skills;
    GitIdentity git_identity;  // lies over the bottle's, field by field
    QString prompt;            // the body, stripped; may be empty
    Location where;            // of the key `bottle`
    Places places;             // of `skills`
};

}  // namespace botbottle
