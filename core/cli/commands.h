// The commands: what each takes, and the function that does it. Each returns the exit code.
#pragma once

#include <QString>
#include <QStringList>
#include <optional>

#include "cli/context.h"

namespace botbottle::cli {

struct StartOptions {
    QString agent;
    bool copy_working_directory = false;
    std::optional<QString> backend;
    bool dry_run = false;
    bool yes = false;
    bool keep = false;
    bool detach = false;
    std::optional<QString> prompt;
    QString label;
    QStringList arguments;
};
int run_start(const GlobalOptions& global, const StartOptions& options);

// `options.agent`, `backend` and `label` are the preserved bottle's own.
int run_resume(const GlobalOptions& global, const StartOptions& options, const QString& identity);

struct RunOptions {
    QString bottle;
    bool copy_working_directory = false;
    std::optional<QString> backend;
    bool keep = false;
    QString label;
    QStringList command;
};
int run_run(const GlobalOptions& global, const RunOptions& options);

int run_attach(const GlobalOptions& global, const QString& identity);

struct ExecOptions {
    QString identity;
    QString user;  // empty: the bottle's
    QStringList command;
};
int run_exec(const GlobalOptions& global, const ExecOptions& options);

enum class Listed { Active, Agents, Bottles, Preserved };
int run_list(const GlobalOptions& global, Listed what);
int run_info(const GlobalOptions& global, const QString& name);

struct LogsOptions {
    QString identity;
    bool follow = false;
    QStringList planes;  // of the sidecars that were asked for alone; empty: everything
};
int run_logs(const GlobalOptions& global, const LogsOptions& options);

int run_audit_verify(const GlobalOptions& global, const QString& identity);
int run_audit_export(const GlobalOptions& global, const QString& identity, const QString& format);

int run_egress_show(const GlobalOptions& global, const QString& identity);
struct EgressAllowOptions {
    QString identity;
    QString host;
    QList<int> ports;
    QStringList methods;
    QStringList paths;
    QString scheme;
    QString token_ref;
    QString username;
    QString name;
    QString prefix;
    bool cookies = false;
    bool no_intercept = false;
};
int run_egress_allow(const GlobalOptions& global, const EgressAllowOptions& options);
int run_egress_revoke(const GlobalOptions& global, const QString& identity, const QString& host);
struct EgressTestOptions {
    QString identity;
    QString url;
    QString method = QStringLiteral("GET");
};
int run_egress_test(const GlobalOptions& global, const EgressTestOptions& options);

// The proposal queue. `payload` is a file that takes the editor's place.
struct SuperviseOptions {
    QString id;
    QString scope = QStringLiteral("session");
    QString reason;
    QString note;
    QString payload;
    QString if_policy;  // the digest of the policy that was looked at; empty: any
    bool yes = false;
    bool all = false;
    bool later = false;  // an approved image: at the bottle's next resume
};
int run_supervise_list(const GlobalOptions& global, const SuperviseOptions& options);
int run_supervise_show(const GlobalOptions& global, const SuperviseOptions& options);
int run_supervise_approve(const GlobalOptions& global, const SuperviseOptions& options);
int run_supervise_edit(const GlobalOptions& global, const SuperviseOptions& options);
int run_supervise_reject(const GlobalOptions& global, const SuperviseOptions& options);

// What `--once` prints is of that size.
struct DashboardOptions {
    bool once = false;
    int columns = 80;
    int rows = 24;
};
int run_dashboard(const GlobalOptions& global, const DashboardOptions& options);

struct StopOptions {
    QStringList identities;
    bool keep = false;
    int grace_seconds = 5;
};
int run_stop(const GlobalOptions& global, const StopOptions& options);

struct DiffOptions {
    QString identity;
    QStringList paths;
    bool names_only = false;
};
int run_diff(const GlobalOptions& global, const DiffOptions& options);

struct ApplyOptions {
    QString identity;
    QStringList paths;
    bool held = false;
    bool yes = false;
};
int run_apply(const GlobalOptions& global, const ApplyOptions& options);

// Without identities: what crashes left behind. With them: these preserved bottles.
int run_cleanup(const GlobalOptions& global, const QStringList& identities, bool yes);

struct DoctorOptions {
    std::optional<QString> backend;
    bool attack = false;
};
int run_doctor(const GlobalOptions& global, const DoctorOptions& options);

struct InitOptions {
    QString provider = QStringLiteral("claude");
};
int run_init(const GlobalOptions& global, const InitOptions& options);
int run_edit(const GlobalOptions& global, const QString& name);
int run_migrate(const QString& file);

// One name a line, for a shell that completes; never an error message.
int run_completion_names(const GlobalOptions& global, const QString& kind);
int print_text(const QString& text);

int run_config(const GlobalOptions& global);
int run_plugin_list(const GlobalOptions& global);
int run_plugin_info(const GlobalOptions& global, const QString& id);
int run_plugin_verify(const GlobalOptions& global, const QString& file);
int run_demo(const GlobalOptions& global, const std::optional<QString>& backend);

}  // namespace botbottle::cli
