#include "cli/bottle_session.h"

#include <pwd.h>
#include <unistd.h>

#include <QFileInfo>
#include <QJsonArray>
#include <functional>

#include "bottles/detached_session.h"
#include "bottles/inventory.h"
#include "bottles/records.h"
#include "bottles/session_environment.h"
#include "cli/messages.h"
#include "cli/output.h"
#include "plan/secrets.h"

namespace botbottle::cli {
namespace {

constexpr int kGraceMs = 2000;

bool on_a_terminal() {
    return isatty(0) == 1 && isatty(1) == 1;
}

// The agent's terminal size and look are those of now, not of the launch.
QJsonObject with_terminal(QJsonObject environment) {
    for (const char* name : {"TERM", "COLORTERM"}) {
        if (const char* value = std::getenv(name))
            environment[QLatin1String(name)] = QString::fromLocal8Bit(value);
    }
    return environment;
}

QJsonObject attach_request(const Metadata& metadata, const SessionRequest& request, bool terminal) {
    QJsonObject attach = backend_request(metadata);
    attach[QStringLiteral("argv")] = QJsonArray::fromStringList(request.argv);
    attach[QStringLiteral("env")] = with_terminal(request.environment);
    attach[QStringLiteral("cwd")] = metadata.guest.value(QLatin1String("workspace"));
    attach[QStringLiteral("tty")] = terminal;
    attach[QStringLiteral("session")] =
        request.name.isEmpty() ? QJsonValue() : QJsonValue(request.name);
    attach[QStringLiteral("reattach")] = request.reattach;
    return attach;
}

}  // namespace

namespace {

using Launcher = std::function<Result<LaunchedBottle>(const LaunchParts&, WardenSecrets secrets)>;

Result<Launched> launch_with(Context& context, BackendPlugin& backend, const Plan& plan,
                             const Launcher& launch) {
    forget_old_records(context);
    const PlanSources sources = context.plan_sources();
    auto secrets = resolve_secrets(plan, sources.variables,
                                   [&context](const QString& name, const QString& prompt) {
                                       return context.ask().secret(name, prompt);
                                   });
    if (!secrets) return tl::make_unexpected(secrets.error());
    for (const QString& slot : not_looked_for(*secrets))
        warn(QStringLiteral("%1 has fewer than eight characters: what leaves the bottle is not "
                            "searched for it")
                 .arg(slot));
    auto keys = read_git_keys(plan);
    if (!keys) return tl::make_unexpected(keys.error());
    wipe_host_variables(referenced_variables(plan));
    auto bottle = launch({context.home(), sources, backend, launch_events()},
                         {std::move(secrets->credentials), *std::move(keys)});
    clear_progress();
    if (!bottle) {
        if (bottle.error().code == "interrupted") return tl::make_unexpected(bottle.error());
        // A backend that cannot isolate here says so better than the step that stumbled over it.
        if (auto refusal = context.backend_refusal(backend)) return tl::make_unexpected(*refusal);
        return tl::make_unexpected(bottle.error());
    }
    QJsonObject environment = with_secrets(bottle->metadata.environment, secrets->env);
    return Launched{std::move(*bottle), std::move(environment)};
}

}  // namespace

LaunchEvents launch_events() {
    LaunchEvents events;
    events.phase_done = report_phase;
    events.progress = show_progress;
    events.note = say;
    events.warning = warn;
    return events;
}

void forget_old_records(const Context& context) {
    if (const auto& days = context.settings().audit_retention_days.value)
        remove_old_records(context.home(), *days);
}

Result<Launched> launch_plan(Context& context, BackendPlugin& backend, const Plan& plan,
                             Lifetime lifetime) {
    return launch_with(context, backend, plan, [&](const LaunchParts& parts, auto secrets) {
        return launch_bottle(parts, plan, std::move(secrets), lifetime);
    });
}

Result<Launched> resume_plan(Context& context, BackendPlugin& backend, const Plan& plan,
                             const QString& identity) {
    return launch_with(context, backend, plan, [&](const LaunchParts& parts, auto secrets) {
        return resume_bottle(parts, plan, std::move(secrets), identity);
    });
}

// A login's runtime directory goes with its last session, and the sockets in it.
static void warn_about_logout(const Metadata& metadata) {
    if (!metadata.runtime_dir.startsWith(QLatin1String("/run/user/"))) return;
    const struct passwd* user = getpwuid(geteuid());
    if (user == nullptr) return;
    const QString lingers =
        QStringLiteral("/var/lib/systemd/linger/") + QString::fromLocal8Bit(user->pw_name);
    if (QFileInfo::exists(lingers)) return;
    warn(
        QStringLiteral("when you log out, its sockets go with your login: it can then be stopped, "
                       "not attached to; `loginctl enable-linger` keeps them"));
}

Result<SessionEnd> run_in_bottle(BackendPlugin& backend, const Metadata& metadata,
                                 const SessionRequest& request) {
    const bool terminal = !request.headless && on_a_terminal();
    auto reply = backend.attach(attach_request(metadata, request, terminal));
    if (!reply) return tl::make_unexpected(reply.error());
    if (terminal && !request.name.isEmpty())
        say(QStringLiteral("Ctrl-] d detaches and leaves the agent running"));
    return run_session(*reply, request.headless ? SessionInput::Nothing : SessionInput::Ours);
}

Result<void> leave_in_bottle(Context& context, BackendPlugin& backend, const Metadata& metadata,
                             const SessionRequest& request) {
    auto reply = backend.attach(attach_request(metadata, request, true));
    if (!reply) return tl::make_unexpected(reply.error());
    return start_detached_session(*reply, [&] {
        const Inventory inventory = take_inventory(context.home(), context.plugins());
        const InventoryItem* item = inventory.find(metadata.identity);
        return item != nullptr && find_session(item->sessions, request.name).has_value();
    });
}

void tell_what_remains(const QString& identity, const EndReport& report) {
    for (const QString& note : report.notes)
        warn(note);
    if (!report.preserved) return;
    say(QStringLiteral("%1 was kept: %2").arg(identity, report.because));
    if (report.has_agent) say(QStringLiteral("go on with it: botbottle resume %1").arg(identity));
    if (!report.workspace.isEmpty())
        say(QStringLiteral(
                "its workspace is in %1; see the changes with `botbottle diff %2`, bring "
                "them home with `botbottle apply %2`")
                .arg(report.workspace, identity));
    else
        say(QStringLiteral("its state is in %1").arg(report.state_dir));
}

namespace {

// Another command has started it again. The one that launched it goes on with it.
Finished finish_with_another(Context& context, BackendPlugin& backend, const Metadata& now,
                             int code) {
    if (now.phase != BottlePhase::Running) {
        // That command was killed on the way.
        EndRequest request;
        request.identity = now.identity;
        request.generation = now.generation;
        auto report = end_bottle(context.home(), backend, request);
        if (!report) return Finished{fail(report.error()), {}};
        tell_what_remains(now.identity, *report);
        return Finished{code, {}};
    }
    if (now.launcher.pid == getpid() && now.launcher.alive()) return Finished{code, now};
    say(QStringLiteral("%1 was started again by another command; `botbottle attach %1` goes there")
            .arg(now.identity));
    return Finished{code, {}};
}

}  // namespace

Finished finish(Context& context, BackendPlugin& backend, const Metadata& metadata,
                const Result<SessionEnd>& end) {
    if (end && end->kind == SessionEnd::Kind::Detached) {
        warn_about_logout(metadata);
        say(QStringLiteral("detached; the agent goes on. Attach again with: botbottle attach %1")
                .arg(metadata.identity));
        return {kDone, {}};
    }
    // A session that was lost did something; one that never began did not.
    const bool lost = !end && end.error().code == "session_lost";
    EndRequest request;
    request.identity = metadata.identity;
    request.generation = metadata.generation;
    if (end) request.exit_code = exit_code(*end);
    if (lost) request.lost = QString::fromStdString(end.error().message);
    request.grace_ms = kGraceMs;
    auto report = end_bottle(context.home(), backend, request);
    if (!report) return {fail(report.error()), {}};
    const int code = end ? *request.exit_code : kFailed;
    if (report->goes_on) return finish_with_another(context, backend, *report->goes_on, code);
    tell_what_remains(metadata.identity, *report);
    if (end) return {code, {}};
    if (!report->existed) {
        say(QStringLiteral("%1 was stopped by another command").arg(metadata.identity));
        return {kFailed, {}};
    }
    return {fail(end.error(), lost ? kFailed : kBeforeTheAgent), {}};
}

}  // namespace botbottle::cli
