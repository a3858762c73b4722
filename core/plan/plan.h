// Plan: everything that a launch needs to know, resolved and checked before anything happens.
//
// Plain values; no secret is among them, only the names of the host variables that hold them, so a
// Plan may be printed and kept in a bottle's metadata. The secrets themselves are got
// by resolve_secrets (secrets.h). preflight.h shows a plan, policy.h turns it into the egress
// policy.
#pragma once

#include <QJsonArray>
#include <QJsonObject>
#include <QList>
#include <QString>
#include <QStringList>
#include <optional>

#include "base/error.h"
#include "manifest/manifest.h"
#include "manifest/settings.h"
#include "manifest/store.h"
#include "plugins/registry.h"

namespace botbottle {

// The bottle's inside, as `prepare` of the backend says. The defaults are what the preflight shows
// before a backend has been asked.
struct Guest {
    QString home = QStringLiteral("/home/agent");
    QString workspace = QStringLiteral("/workspace");
    QString user = QStringLiteral("agent");
    int uid = 1000;
    int gid = 1000;
    QString path = QStringLiteral("/usr/local/bin:/usr/bin:/bin");
    QString ca_certificate = QStringLiteral("/etc/botbottle/ca.pem");
    QString ca_bundle = QStringLiteral("/etc/ssl/certs/ca-certificates.crt");
};

// Where in the bottle a JVM's trust store lies: beside the certificate of the bottle's authority.
QString java_trust_store_path(const Guest& guest);

// From the backend's `prepare` reply; members that are missing keep their defaults.
Result<Guest> guest_from_json(const QJsonObject& guest);
QJsonObject guest_to_json(const Guest& guest);

struct PlannedEnv {
    enum class Source { Literal, HostVariable, Prompt, Provider };
    QString name;
    Source source = Source::Literal;
    QString value;        // Literal and Provider
    QString reference;    // HostVariable: its name; Prompt: the text to ask with
    bool hidden = false;  // a provider's placeholder: not shown in the preflight
    bool secret() const { return source == Source::HostVariable || source == Source::Prompt; }
};

struct PlannedAuth {
    AuthScheme scheme = AuthScheme::Bearer;
    QString slot;
    QString username;
    QString header;
    QString prefix;
    QString parameter;
    bool cookies = false;

    bool operator==(const PlannedAuth&) const = default;
};

struct PlannedRoute {
    QString host;
    QList<int> ports;
    std::optional<QStringList> methods;
    std::optional<QStringList> path_allowlist;
    std::optional<PlannedAuth> auth;
    QStringList ssrf_ip_allowlist;
    bool git_fetch = false;
    bool intercept = true;
    bool websocket = true;
    Dlp dlp = Dlp::Block;
    Budget budget;
    QString owner;  // "bottle" or "provider:<id>"

    bool operator==(const PlannedRoute&) const = default;
};

// Where in a file of the operator's a credential stands. The warden reads it again when the file
// changes, so that a renewed credential is used by bottles that run.
struct CredentialFile {
    QString path;
    QString pointer;        // RFC 6901
    bool jwt = false;       // the value is a JWT, and good until its "exp"
    QString renew_command;  // what the operator does on the host when it has expired

    bool operator==(const CredentialFile&) const = default;
};

// A named place of the egress for one credential: `provider.<id>.<secret>`, `egress.<host>`,
// `upstream.proxy`, `canary.<variable>`. It comes from a host variable or from a file, never from
// both.
struct CredentialSlot {
    QString slot;
    QString host_variable;
    std::optional<CredentialFile> file = {};

    bool operator==(const CredentialSlot&) const = default;
};

struct PlannedDirectory {
    QString path;
    QString mode;
};

struct PlannedFile {
    QString path;
    QString mode;
    QString content;
};

// A skill is a directory of the operator's home that is copied into the bottle.
struct PlannedSkill {
    QString name;
    QString source;       // on the host
    QString destination;  // in the bottle
};

// What the provider wants in the bottle.
struct ProviderPlan {
    QString id;
    QJsonObject settings;  // checked against the provider's schema
    QString command;       // program that the backend must make available
    QList<PlannedDirectory> directories;
    QList<PlannedFile> files;
    QList<QStringList> pre_copy;
    QList<QStringList> verify;
    QString skills_directory;  // in the bottle; empty: this provider knows no skills
    QStringList conversation;  // directories in the bottle that `resume` needs
    QJsonObject
        secret_shapes;  // what it was told of the credentials; kept for replan, never stored
};

// How the agent's proposals are answered.
struct Supervision {
    int response_timeout_seconds = 30;  // how long a proposal's call waits for its answer
    int expiry_seconds = 24 * 3600;     // when nobody answers
};

// A repo that the git-gate opens. Its key stays on the host: `identity` is only the file's path.
struct PlannedRepo {
    QString name;
    QString url;  // canonical: ssh://user@host[:port]/path
    QString user;
    QString host;
    int port = 22;
    QString path;
    QString identity;  // absolute
    QString host_key;  // empty: it can be neither fetched nor pushed
    RepoRules rules;
};

struct PlannedUpstream {
    std::optional<UpstreamProxy> proxy;
    QString ca_pem;  // content; empty: the system's roots alone
};

struct Plan {
    QString agent;          // empty for a bare command
    QString identity_base;  // the identity is "<identity_base>-<5 base36>"
    bool agent_from_repository = false;
    QString bottle;            // empty: no bottle, no routes at all
    QStringList bottle_chain;  // from the root of `extends` down to the bottle
    QString label;
    QString backend;  // "auto" or an id
    Guest guest;

    std::optional<ProviderPlan> provider;  // nullopt for a bare command
    QStringList command;                   // a bare command's argv; empty for an agent
    bool headless = false;
    QString headless_prompt;
    QStringList arguments;  // the operator's own, after `--`

    QList<PlannedEnv> env;
    QList<PlannedRoute> routes;
    Budget budget;                         // of the whole bottle
    std::optional<Supervision> supervise;  // the agent may ask for what it lacks
    QList<CredentialSlot> credential_slots;
    PlannedUpstream upstream;
    QString scan_rules;  // content of the operator's rules; empty: the built-in ones alone
    QList<PlannedRepo> repos;

    QString dockerfile;  // absolute path, of the bottle's image; empty: the backend's own

    GitIdentity git_identity;
    bool identity_claimed = false;  // set by the repository's agent file, not by the operator
    QString prompt;
    QList<PlannedSkill> skills;
    Resources resources;
    WorkspaceManifest workspace;
    bool copy_working_directory = false;  // --cwd
    QString working_directory;

    QStringList notes;  // for the preflight: dropped routes, ignored claims
    QStringList warnings;
};

// What the command line asked for. Either `agent`, or `command` with an optional `bottle`.
struct LaunchRequest {
    QString agent;
    QString bottle;
    QStringList command;
    QStringList arguments;
    std::optional<QString> headless_prompt;
    QString label;
    QString working_directory;
    bool copy_working_directory = false;
    bool only_shown = false;  // what is not set on the host is a warning: nothing is launched
};

// Where a plan gets its facts from. `user_home` is the operator's own home (skills live in it).
struct PlanSources {
    const ManifestStore& manifests;
    const Settings& settings;
    PluginRegistry& plugins;
    const HostVariables& variables;
    QString user_home;
};

// Resolves and checks everything: agent, bottle, skills, provider settings, host variables, routes.
// Asks the provider with the given guest and a state directory that it may write to (empty while
// only the preflight is wanted). Starts nothing, writes nothing itself.
// Errors keep their codes from the manifest and the plugin; besides: `missing_variable`,
// `unknown_skill`, `bad_provider_plan`, `env_conflict`, `upstream_ca_unreadable`,
// `scan_rules_unreadable`.
Result<Plan> build_plan(const LaunchRequest& request, const PlanSources& sources,
                        const Guest& guest = {}, const QString& state_directory = {});

// The same plan for the guest that the backend has prepared. Fails with `plan_changed` when the
// provider now asks for other routes or credentials than the operator has seen.
Result<Plan> replan(const Plan& seen, const PlanSources& sources, const Guest& guest,
                    const QString& state_directory);

// The provider's argv for a session of this plan. `prompt_file`: in the bottle, empty for none.
// `opening`: what an agent at a terminal is told first, as if the operator had typed it; may be
// empty.
Result<QStringList> command_line(const Plan& plan, PluginRegistry& plugins,
                                 const QString& prompt_file, bool resume,
                                 const QString& opening = {});

// The plan as a bottle's metadata keeps it (`botbottle.plan/1`). What was only for the launch is
// left out: the provider's files and commands.
QJsonObject plan_to_json(const Plan& plan);

// What a plan has that another had not, one line each: for a bottle that is resumed. Both as
// plan_to_json makes them; what a provider adds by itself is not compared.
QStringList plan_changes(const QJsonObject& before, const QJsonObject& now);

}  // namespace botbottle
