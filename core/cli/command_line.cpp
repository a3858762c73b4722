// Every command with its options, help and example. The only file that includes the option parser.
#include "cli/command_line.h"

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

#include "cli/command_description.h"
#include "cli/commands.h"
#include "cli/messages.h"

namespace botbottle::cli {
namespace {

// What the parser fills. It lives as long as the parser.
struct Parsed {
    GlobalOptions global;
    StartOptions start;
    RunOptions run;
    ExecOptions exec;
    LogsOptions logs;
    StopOptions stop;
    DiffOptions diff;
    ApplyOptions apply;
    EgressAllowOptions allow;
    EgressTestOptions egress_test;
    SuperviseOptions supervise;
    DashboardOptions dashboard;
    QString host;
    QString format = QStringLiteral("jsonl");
    DoctorOptions doctor;
    Listed listed = Listed::Active;
    QString name;
    QStringList names;
    std::optional<QString> demo_backend;
    bool yes = false;
    InitOptions init;
    QString word;
    std::function<int()> command;
};

// QString and the parser do not know each other: every option comes in through one of these.
CLI::Option* text(CLI::App* app, const std::string& name, QString& into, const std::string& help) {
    return app->add_option_function<std::string>(
        name, [&into](const std::string& value) { into = QString::fromStdString(value); }, help);
}
CLI::Option* text(CLI::App* app, const std::string& name, std::optional<QString>& into,
                  const std::string& help) {
    return app->add_option_function<std::string>(
        name, [&into](const std::string& value) { into = QString::fromStdString(value); }, help);
}
CLI::Option* texts(CLI::App* app, const std::string& name, QStringList& into,
                   const std::string& help) {
    return app->add_option_function<std::vector<std::string>>(
        name,
        [&into](const std::vector<std::string>& values) {
            for (const std::string& value : values)
                into.append(QString::fromStdString(value));
        },
        help);
}

void add_globals(CLI::App* app, GlobalOptions& global, bool with_json) {
    if (with_json) app->add_flag("--json", global.json, "Print a JSON document instead");
    app->add_flag("--no-input", global.no_input,
                  "Never ask: fail, and say what would have been asked");
    app->add_flag("-v,--verbose", global.verbose, "Say more on stderr (also BOTBOTTLE_LOG=debug)");
}

CLI::App* command(CLI::App& app, Parsed& parsed, const std::string& name, const std::string& help,
                  const std::string& example, bool with_json = true) {
    CLI::App* sub = app.add_subcommand(name, help);
    sub->footer("Example:\n  " + example);
    add_globals(sub, parsed.global, with_json);
    return sub;
}

// It goes the way of all that a plugin wants to know of this command's surroundings; a backend that
// does not ask for the variable has no choice of it (Context::backend).
void add_placement(CLI::App* sub) {
    sub->add_option_function<std::string>(
           "--placement",
           [](const std::string& value) { setenv("BOTBOTTLE_PLACEMENT", value.c_str(), 1); },
           "Where the docker backend keeps a bottle's files: host, on this machine, mounted (the "
           "default), or bundle, on the engine's, which may be another one (the default over TCP)")
        ->check(CLI::IsMember({"host", "bundle"}));
}

void add_start(CLI::App& app, Parsed& p) {
    CLI::App* sub =
        command(app, p, "start", "Start an agent in a bottle",
                "botbottle start reviewer --cwd --prompt \"Review the last commit\" --yes");
    text(sub, "agent", p.start.agent, "The agent; without it, pick one from a list");
    sub->add_flag("--cwd", p.start.copy_working_directory,
                  "Give it a copy of the current directory");
    text(sub, "--backend", p.start.backend, "The kind of isolation (see `botbottle plugin list`)");
    add_placement(sub);
    sub->add_flag("--dry-run", p.start.dry_run, "Show what would be launched, and stop");
    sub->add_flag("-y,--yes", p.start.yes, "Launch without being asked");
    sub->add_flag("--keep", p.start.keep, "Keep its state at the end");
    CLI::Option* detach = sub->add_flag("--detach", p.start.detach,
                                        "Start it and come back; `attach` goes to it later");
    text(sub, "--prompt", p.start.prompt, "Run headless with this prompt; stdout is the agent's")
        ->excludes(detach);
    text(sub, "--label", p.start.label, "A word of yours, shown by `list`");
    texts(sub, "arguments", p.start.arguments, "Arguments for the agent's own program, after --");
    sub->callback([&p] { p.command = [&p] { return run_start(p.global, p.start); }; });
}

void add_resume(CLI::App& app, Parsed& p) {
    CLI::App* sub = command(app, p, "resume",
                            "Start a preserved agent again, in its own workspace, where its "
                            "conversation ended",
                            "botbottle resume reviewer-k3x9q --prompt \"go on\" --yes");
    text(sub, "identity", p.name, "The bottle, as `botbottle list preserved` shows it");
    add_placement(sub);
    sub->add_flag("--dry-run", p.start.dry_run, "Show what would be launched, and stop");
    sub->add_flag("-y,--yes", p.start.yes, "Launch without being asked");
    CLI::Option* detach = sub->add_flag("--detach", p.start.detach,
                                        "Start it and come back; `attach` goes to it later");
    text(sub, "--prompt", p.start.prompt, "Run headless with this prompt; stdout is the agent's")
        ->excludes(detach);
    texts(
        sub, "arguments", p.start.arguments,
        "Arguments for the agent's own program, after --; without any, those it was started with");
    sub->callback([&p] { p.command = [&p] { return run_resume(p.global, p.start, p.name); }; });
}

void add_run(CLI::App& app, Parsed& p) {
    CLI::App* sub =
        command(app, p, "run",
                "Run any command in a throw-away bottle; without --bottle it can reach nothing",
                "botbottle run --cwd -- make test", false);
    text(sub, "--bottle", p.run.bottle, "The bottle whose routes and environment it gets");
    sub->add_flag("--cwd", p.run.copy_working_directory,
                  "Give it a copy of the current directory, thrown away with the bottle");
    text(sub, "--backend", p.run.backend, "The kind of isolation");
    add_placement(sub);
    sub->add_flag("--keep", p.run.keep, "Keep its state at the end");
    text(sub, "--label", p.run.label, "A word of yours, shown by `list`");
    texts(sub, "command", p.run.command, "The command, after --")->required();
    sub->callback([&p] { p.command = [&p] { return run_run(p.global, p.run); }; });
}

void add_attach(CLI::App& app, Parsed& p) {
    CLI::App* sub =
        command(app, p, "attach", "Go back to a detached agent, or start one more session of it",
                "botbottle attach reviewer-k3x9q", false);
    text(sub, "identity", p.name, "The bottle, as `botbottle list` shows it")->required();
    sub->callback([&p] { p.command = [&p] { return run_attach(p.global, p.name); }; });
}

void add_exec(CLI::App& app, Parsed& p) {
    CLI::App* sub = command(app, p, "exec", "Run a command in a running bottle",
                            "botbottle exec reviewer-k3x9q -- git status", false);
    text(sub, "identity", p.exec.identity, "The bottle")->required();
    text(sub, "-u,--user", p.exec.user,
         "The bottle's one user, by name or number: there is no other");
    texts(sub, "command", p.exec.command, "The command, after --")->required();
    sub->callback([&p] { p.command = [&p] { return run_exec(p.global, p.exec); }; });
}

void add_list(CLI::App& app, Parsed& p) {
    CLI::App* sub =
        command(app, p, "list", "List what runs, what was kept, and what can be started",
                "botbottle list agents");
    const std::map<std::string, Listed> words = {{"active", Listed::Active},
                                                 {"agents", Listed::Agents},
                                                 {"bottles", Listed::Bottles},
                                                 {"preserved", Listed::Preserved}};
    sub->add_option_function<std::string>(
           "what", [&p, words](const std::string& word) { p.listed = words.at(word); },
           "active (the default), agents, bottles or preserved")
        ->check(CLI::IsMember({"active", "agents", "bottles", "preserved"}));
    sub->callback([&p] { p.command = [&p] { return run_list(p.global, p.listed); }; });
}

void add_info(CLI::App& app, Parsed& p) {
    CLI::App* sub =
        command(app, p, "info", "Show everything about an agent, a bottle or a running bottle",
                "botbottle info reviewer");
    text(sub, "name", p.name, "An agent, a bottle, or an identity")->required();
    sub->callback([&p] { p.command = [&p] { return run_info(p.global, p.name); }; });
}

void add_logs(CLI::App& app, Parsed& p) {
    CLI::App* sub = command(app, p, "logs", "Show what a bottle asked for and what was decided",
                            "botbottle logs -f reviewer-k3x9q");
    text(sub, "identity", p.logs.identity, "The bottle; its record outlives it")->required();
    sub->add_flag("-f,--follow", p.logs.follow, "Go on as it happens");
    const auto only = [&](const char* flag, const char* plane, const char* help) {
        sub->add_flag_callback(
            flag, [&p, plane] { p.logs.planes += QLatin1String(plane); }, help);
    };
    only("--egress", "egress", "Only what was asked of the network");
    only("--git", "git-gate", "Only what went through the git-gate");
    only("--supervise", "supervise", "Only what was proposed and decided");
    sub->callback([&p] { p.command = [&p] { return run_logs(p.global, p.logs); }; });
}

void add_stop(CLI::App& app, Parsed& p) {
    CLI::App* sub = command(app, p, "stop", "End bottles", "botbottle stop reviewer-k3x9q", false);
    texts(sub, "identity", p.stop.identities, "The bottles")->required();
    sub->add_flag("--keep", p.stop.keep, "Keep their state, whether or not anything was changed");
    sub->add_option("--grace", p.stop.grace_seconds, "Seconds between asking and killing")
        ->check(CLI::Range(0, 600))
        ->capture_default_str();
    sub->callback([&p] { p.command = [&p] { return run_stop(p.global, p.stop); }; });
}

void add_diff(CLI::App& app, Parsed& p) {
    CLI::App* sub = command(app, p, "diff", "Show what an agent changed in its copy of a directory",
                            "botbottle diff reviewer-k3x9q src");
    text(sub, "identity", p.diff.identity, "The bottle; it may run or have been kept")->required();
    texts(sub, "paths", p.diff.paths, "Only what lies at or below these paths of the workspace");
    sub->add_flag("--name-only", p.diff.names_only, "The list alone, without contents");
    sub->callback([&p] { p.command = [&p] { return run_diff(p.global, p.diff); }; });
}

void add_apply(CLI::App& app, Parsed& p) {
    CLI::App* sub =
        command(app, p, "apply",
                "Bring an agent's changes home, into the directory that was copied; what would run "
                "there by itself is held back",
                "botbottle apply reviewer-k3x9q src/main.c");
    text(sub, "identity", p.apply.identity, "The bottle; it may run or have been kept")->required();
    texts(sub, "paths", p.apply.paths, "Only what lies at or below these paths of the workspace");
    sub->add_flag("--held", p.apply.held,
                  "Also what is held back, if PATHS names each such file itself");
    sub->add_flag("-y,--yes", p.apply.yes, "Bring it home without being asked");
    sub->callback([&p] { p.command = [&p] { return run_apply(p.global, p.apply); }; });
}

void add_cleanup(CLI::App& app, Parsed& p) {
    CLI::App* sub =
        command(app, p, "cleanup",
                "Find and remove what crashes left behind; what was kept stays unless it is named",
                "botbottle cleanup --yes");
    texts(sub, "identity", p.names,
          "Preserved bottles to remove, with their workspaces and conversations");
    sub->add_flag("-y,--yes", p.yes, "Remove without being asked");
    sub->callback([&p] { p.command = [&p] { return run_cleanup(p.global, p.names, p.yes); }; });
}

void add_doctor(CLI::App& app, Parsed& p) {
    CLI::App* sub = command(app, p, "doctor", "Prove the isolation by trying to break it",
                            "botbottle doctor --attack");
    text(sub, "--backend", p.doctor.backend, "The kind of isolation to examine");
    add_placement(sub);
    sub->add_flag("--attack", p.doctor.attack, "Show every attempt");
    sub->callback([&p] { p.command = [&p] { return run_doctor(p.global, p.doctor); }; });
}

void add_config(CLI::App& app, Parsed& p) {
    CLI::App* sub = command(app, p, "config", "Show every setting and where it comes from",
                            "botbottle config --json");
    sub->callback([&p] { p.command = [&p] { return run_config(p.global); }; });
}

void add_plugin(CLI::App& app, Parsed& p) {
    CLI::App* sub = app.add_subcommand("plugin", "Providers and backends");
    sub->require_subcommand(1);
    sub->footer("Example:\n  botbottle plugin list");
    CLI::App* list = command(*sub, p, "list", "What was found, and why something was refused",
                             "botbottle plugin list");
    list->callback([&p] { p.command = [&p] { return run_plugin_list(p.global); }; });
    CLI::App* info =
        command(*sub, p, "info", "Everything about one plugin", "botbottle plugin info claude");
    text(info, "id", p.name, "The plugin")->required();
    info->callback([&p] { p.command = [&p] { return run_plugin_info(p.global, p.name); }; });
    CLI::App* verify =
        command(*sub, p, "verify", "Try whether a plugin's file keeps the rules of the ABI",
                "botbottle plugin verify build/provider-parrot.so");
    text(verify, "file", p.name, "The file; its code runs in a child process")->required();
    verify->callback([&p] { p.command = [&p] { return run_plugin_verify(p.global, p.name); }; });
}

void add_egress_allow(CLI::App& egress, Parsed& p) {
    CLI::App* sub =
        command(egress, p, "allow", "Let a running bottle reach one more host, until it ends",
                "botbottle egress allow reviewer-k3x9q api.example.com --path /v1 --auth Bearer "
                "--token-ref "
                "API_TOKEN");
    text(sub, "identity", p.allow.identity, "The bottle")->required();
    text(sub, "host", p.allow.host, "The host, or *.example.com for all below it")->required();
    sub->add_option_function<std::vector<int>>(
           "--port",
           [&p](const std::vector<int>& ports) {
               p.allow.ports = QList<int>(ports.begin(), ports.end());
           },
           "A port; 443 when none is given")
        ->check(CLI::Range(1, 65535));
    texts(sub, "--method", p.allow.methods, "A method; all when none is given");
    texts(sub, "--path", p.allow.paths, "A path prefix; all when none is given");
    text(sub, "--auth", p.allow.scheme, "Bearer, token, Basic, header or query")
        ->check(CLI::IsMember({"Bearer", "token", "Basic", "header", "query"}));
    text(sub, "--token-ref", p.allow.token_ref, "The host variable that holds the credential");
    text(sub, "--username", p.allow.username, "For Basic");
    text(sub, "--name", p.allow.name, "The header's or the query parameter's name");
    text(sub, "--prefix", p.allow.prefix, "What stands before the credential in the header");
    sub->add_flag("--cookies", p.allow.cookies,
                  "With --auth: the origin's cookies reach the agent, and come back");
    sub->add_flag("--no-intercept", p.allow.no_intercept, "Tunnel without decrypting");
    sub->callback([&p] { p.command = [&p] { return run_egress_allow(p.global, p.allow); }; });
}

void add_egress(CLI::App& app, Parsed& p) {
    CLI::App* sub = app.add_subcommand("egress", "What a running bottle may reach");
    sub->require_subcommand(1);
    sub->footer("Example:\n  botbottle egress show reviewer-k3x9q");
    CLI::App* show = command(*sub, p, "show", "Show the policy in force, grants included",
                             "botbottle egress show reviewer-k3x9q");
    text(show, "identity", p.name, "The bottle")->required();
    show->callback([&p] { p.command = [&p] { return run_egress_show(p.global, p.name); }; });
    add_egress_allow(*sub, p);
    CLI::App* revoke =
        command(*sub, p, "revoke", "Take a route out, and close what is open to its host",
                "botbottle egress revoke reviewer-k3x9q api.example.com");
    text(revoke, "identity", p.name, "The bottle")->required();
    text(revoke, "host", p.host, "The host, as `botbottle egress show` writes it")->required();
    revoke->callback(
        [&p] { p.command = [&p] { return run_egress_revoke(p.global, p.name, p.host); }; });
    CLI::App* test =
        command(*sub, p, "test",
                "Say what would happen to a request, without sending it; exit code 1: denied",
                "botbottle egress test reviewer-k3x9q https://api.example.com/v1/x --method POST");
    text(test, "identity", p.egress_test.identity, "The bottle")->required();
    text(test, "url", p.egress_test.url, "What would be asked for")->required();
    text(test, "--method", p.egress_test.method, "GET when it is not given");
    test->callback([&p] { p.command = [&p] { return run_egress_test(p.global, p.egress_test); }; });
}

CLI::App* supervise_command(CLI::App& parent, Parsed& p, const char* name, const char* help,
                            const char* example,
                            int (*run)(const GlobalOptions&, const SuperviseOptions&)) {
    CLI::App* sub = command(parent, p, name, help, example);
    sub->callback([&p, run] { p.command = [&p, run] { return run(p.global, p.supervise); }; });
    return sub;
}

void add_supervise(CLI::App& app, Parsed& p) {
    CLI::App* sub = app.add_subcommand("supervise", "What agents ask for, and what you decide");
    sub->require_subcommand(1);
    sub->footer("Example:\n  botbottle supervise list");
    CLI::App* list = supervise_command(*sub, p, "list", "What waits, first in, first out",
                                       "botbottle supervise list", &run_supervise_list);
    list->add_flag("--all", p.supervise.all, "Also what was decided");
    const auto with_id = [&p](CLI::App* each) {
        text(each, "id", p.supervise.id, "The proposal")->required();
    };
    const auto with_grant = [&p](CLI::App* each) {
        text(each, "--scope", p.supervise.scope,
             "once (one request), session (until the bottle ends; the default) or always (also in "
             "the bottle's file)")
            ->check(CLI::IsMember({"once", "session", "always"}));
        text(each, "--note", p.supervise.note, "What the agent is told besides");
        text(each, "--if-policy", p.supervise.if_policy,
             "Only if the policy (for an image: the Dockerfile) is still the one that "
             "`show --json` named (policy_digest)");
        each->add_flag("--later", p.supervise.later,
                       "An image: leave the bottle running, it takes it at its next resume");
        each->add_flag("-y,--yes", p.supervise.yes, "Show the change and do not ask");
    };
    with_id(supervise_command(*sub, p, "show", "The request, the reason and the exact change",
                              "botbottle supervise show p-3k9x0a7q", &run_supervise_show));
    CLI::App* approve = supervise_command(
        *sub, p, "approve", "Show the change, ask, and apply it to the running bottle",
        "botbottle supervise approve p-3k9x0a7q --scope once", &run_supervise_approve);
    with_id(approve);
    with_grant(approve);
    CLI::App* edit =
        supervise_command(*sub, p, "edit", "Change what is granted, in your editor, then approve",
                          "botbottle supervise edit p-3k9x0a7q", &run_supervise_edit);
    with_id(edit);
    with_grant(edit);
    text(edit, "--payload", p.supervise.payload, "A JSON file instead of the editor");
    CLI::App* reject = supervise_command(
        *sub, p, "reject", "Say no, and why",
        "botbottle supervise reject p-3k9x0a7q --reason 'use the mirror'", &run_supervise_reject);
    with_id(reject);
    text(reject, "--reason", p.supervise.reason, "What the agent is told")->required();
}

void add_dashboard(CLI::App& app, Parsed& p) {
    CLI::App* sub = command(app, p, "dashboard",
                            "Watch and decide on a terminal: bottles, proposals and what happens",
                            "botbottle dashboard", false);
    CLI::Option* once =
        sub->add_flag("--once", p.dashboard.once, "Print what it would show, and stop");
    sub->add_option("--columns", p.dashboard.columns, "The size that --once draws for")
        ->check(CLI::Range(40, 500))
        ->capture_default_str()
        ->needs(once);
    sub->add_option("--rows", p.dashboard.rows, "The size that --once draws for")
        ->check(CLI::Range(10, 500))
        ->capture_default_str()
        ->needs(once);
    sub->callback([&p] { p.command = [&p] { return run_dashboard(p.global, p.dashboard); }; });
}

void add_audit(CLI::App& app, Parsed& p) {
    CLI::App* sub = app.add_subcommand("audit", "The record of a bottle");
    sub->require_subcommand(1);
    sub->footer("Example:\n  botbottle audit verify reviewer-k3x9q");
    CLI::App* verify =
        command(*sub, p, "verify", "Check that nobody changed, dropped, moved or added a line",
                "botbottle audit verify reviewer-k3x9q");
    text(verify, "identity", p.name, "The bottle; its record outlives it")->required();
    verify->callback([&p] { p.command = [&p] { return run_audit_verify(p.global, p.name); }; });
    CLI::App* out = command(*sub, p, "export", "Print the record for other programs",
                            "botbottle audit export reviewer-k3x9q --format csv", false);
    text(out, "identity", p.name, "The bottle")->required();
    text(out, "--format", p.format, "jsonl (the default) or csv")
        ->check(CLI::IsMember({"jsonl", "csv"}));
    out->callback(
        [&p] { p.command = [&p] { return run_audit_export(p.global, p.name, p.format); }; });
}

void add_demo(CLI::App& app, Parsed& p) {
    CLI::App* sub = command(app, p, "demo", "See it work, without any account or network",
                            "botbottle demo", false);
    text(sub, "--backend", p.demo_backend, "The kind of isolation");
    sub->callback([&p] { p.command = [&p] { return run_demo(p.global, p.demo_backend); }; });
}

void add_init(CLI::App& app, Parsed& p) {
    CLI::App* sub = command(app, p, "init", "Write a first bottle and agent, by asking",
                            "botbottle init --provider claude", false);
    text(sub, "--provider", p.init.provider, "The agent's provider (see `botbottle plugin list`)");
    sub->callback([&p] { p.command = [&p] { return run_init(p.global, p.init); }; });
}

void add_edit(CLI::App& app, Parsed& p) {
    CLI::App* sub = command(app, p, "edit", "Open a bottle or an agent in $EDITOR, and check it",
                            "botbottle edit reviewer", false);
    text(sub, "name", p.name, "A bottle or an agent")->required();
    sub->callback([&p] { p.command = [&p] { return run_edit(p.global, p.name); }; });
}

void add_migrate(CLI::App& app, Parsed& p) {
    CLI::App* sub = command(app, p, "migrate", "Print an older file as this version writes it",
                            "botbottle migrate bot-bottle.json", false);
    text(sub, "file", p.name, "A bottle of an older shape, or bot-bottle.json")->required();
    sub->callback([&p] { p.command = [&p] { return run_migrate(p.name); }; });
}

OptionDescription describe(const CLI::Option& option) {
    OptionDescription described;
    described.positional = option.get_positional();
    if (described.positional) {
        described.names += QString::fromStdString(option.get_name());
    } else {
        for (const std::string& name : option.get_lnames())
            described.names += QStringLiteral("--") + QString::fromStdString(name);
        for (const std::string& name : option.get_snames())
            described.names += QLatin1Char('-') + QString::fromStdString(name);
    }
    described.help = QString::fromStdString(option.get_description());
    described.takes_value = option.get_items_expected_max() > 0;
    described.required = option.get_required();
    // The parser keeps the words of IsMember in the type's name: "TEXT:{a,b}".
    const QString type = QString::fromStdString(option.get_type_name());
    const QString words = type.section(QLatin1Char('{'), 1).section(QLatin1Char('}'), 0, 0);
    described.choices = words.split(QLatin1Char(','), Qt::SkipEmptyParts);
    return described;
}

CommandDescription describe(const CLI::App& app) {
    CommandDescription described;
    described.name = QString::fromStdString(app.get_name());
    described.help = QString::fromStdString(app.get_description());
    described.example =
        QString::fromStdString(app.get_footer()).section(QStringLiteral("Example:\n  "), 1);
    for (const CLI::Option* option : app.get_options())
        described.options += describe(*option);
    for (const CLI::App* sub : app.get_subcommands({})) {
        if (!sub->get_group().empty()) described.commands += describe(*sub);
    }
    return described;
}

// For shells and packagers; not in the list of commands.
void add_completion(CLI::App& app, Parsed& p) {
    CLI::App* sub = app.add_subcommand("completion", "What shells and the manual need");
    sub->group("");
    sub->require_subcommand(1);
    for (const auto& [name, shell] : {std::pair("bash", Shell::Bash), std::pair("zsh", Shell::Zsh),
                                      std::pair("fish", Shell::Fish)}) {
        sub->add_subcommand(name, "The completion script")->callback([&app, &p, kind = shell] {
            p.command = [&app, kind] { return print_text(completion_script(describe(app), kind)); };
        });
    }
    sub->add_subcommand("man", "The manual page")->callback([&app, &p] {
        p.command = [&app] {
            return print_text(manual_page(describe(app), QStringLiteral(BOTBOTTLE_VERSION)));
        };
    });
    CLI::App* names = sub->add_subcommand("names", "Names of a kind, one a line");
    text(names, "kind", p.word,
         "agents, bottles, names, identities, plugins, backends or providers")
        ->required();
    names->callback([&p] { p.command = [&p] { return run_completion_names(p.global, p.word); }; });
}

void add_commands(CLI::App& app, Parsed& parsed) {
    for (const auto add :
         {add_start,  add_resume, add_run,    add_attach,  add_exec,      add_list,
          add_info,   add_logs,   add_stop,   add_diff,    add_apply,     add_cleanup,
          add_doctor, add_config, add_plugin, add_egress,  add_supervise, add_dashboard,
          add_audit,  add_init,   add_edit,   add_migrate, add_demo,      add_completion})
        add(app, parsed);
}

// Help and version are what was asked for; everything else is wrong usage.
int end_parsing(const CLI::App& app, const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    complain({"usage", error.what(),
              "`botbottle --help` and `botbottle COMMAND --help` say what is understood"});
    return kUsage;
}

}  // namespace

int run_command_line(int argc, char** argv) {
    Parsed parsed;
    CLI::App app(
        "Runs coding agents with full permissions in bottles that have no network, no secret and "
        "no way out but a policy.",
        "botbottle");
    app.set_version_flag("--version", "botbottle " BOTBOTTLE_VERSION);
    app.require_subcommand(1);
    app.footer("`botbottle COMMAND --help` has an example of each.");
    add_commands(app, parsed);
    set_up_messages(false);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return end_parsing(app, error);
    }
    if (parsed.global.verbose) set_up_messages(true);
    return parsed.command();
}

}  // namespace botbottle::cli
