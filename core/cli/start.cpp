// botbottle start and resume: an agent in a bottle, from the preflight to the tidying up.
#include <QJsonObject>

#include "bottles/installation.h"
#include "bottles/provisioning.h"
#include "cli/bottle_session.h"
#include "cli/commands.h"
#include "cli/messages.h"
#include "cli/output.h"
#include "cli/phase_timer.h"
#include "cli/relaunch.h"
#include "plan/preflight.h"

namespace botbottle::cli {
namespace {

Result<QString> pick_agent(Context& context) {
    const QStringList agents = context.manifests().agent_names();
    if (agents.isEmpty())
        return failure("usage", "there are no agents yet",
                       "write one: " + context.home().path().toStdString() + "/agents/NAME.md");
    return context.ask().pick(QStringLiteral("botbottle: which agent?"), agents,
                              QStringLiteral("name one: botbottle start AGENT"));
}

// Only a plan with limits costs a probe.
QStringList limits_not_held(const Plan& plan, BackendPlugin& backend) {
    const Resources& r = plan.resources;
    if (!r.cpus && !r.memory_bytes && !r.pids && !r.disk_bytes) return {};
    auto probe = backend.probe({{QStringLiteral("libexec_dir"), libexec_directory()}});
    return unheld_limits(plan, probe.value_or(QJsonObject()));
}

void show_preflight(const Context& context, const Plan& plan, const QStringList& unheld,
                    bool dry_run) {
    if (dry_run && context.options().json)
        print_json(preflight_json(plan, unheld));
    else if (dry_run)
        print(preflight_text(plan, unheld));
    else
        std::fputs(preflight_text(plan, unheld).toUtf8().constData(), stderr);
}

LaunchRequest launch_request(const Context& context, const StartOptions& options,
                             const QString& agent) {
    LaunchRequest request;
    request.agent = agent;
    request.arguments = options.arguments;
    request.headless_prompt = options.prompt;
    request.label = options.label;
    request.working_directory = context.working_directory();
    request.copy_working_directory = options.copy_working_directory;
    return request;
}

Result<SessionEnd> run_agent(Context& context, BackendPlugin& backend, const Launched& launched,
                             const StartOptions& options, bool resume) {
    const Plan& plan = launched.bottle.plan;
    auto argv = command_line(plan, context.plugins(), prompt_file(plan), resume);
    if (!argv) return tl::make_unexpected(argv.error());
    SessionRequest session;
    session.argv = *argv;
    session.environment = launched.environment;
    session.name = QLatin1String(kMainSession);
    session.headless = options.prompt.has_value();
    if (!options.detach) return run_in_bottle(backend, launched.bottle.metadata, session);
    if (auto left = leave_in_bottle(context, backend, launched.bottle.metadata, session); !left)
        return tl::make_unexpected(left.error());
    return SessionEnd{SessionEnd::Kind::Detached, 0};
}

// Another command has started the bottle again, with an image that was approved.
Finished go_on(Context& context, BackendPlugin& backend, const Launched& launched,
               const Metadata& now) {
    say(QStringLiteral("%1 goes on with the image that was approved").arg(now.identity));
    auto session = session_again(context, launched.bottle.plan, launched.bottle.metadata,
                                 launched.environment, now);
    const auto end = session ? run_in_bottle(backend, now, *session)
                             : Result<SessionEnd>(tl::make_unexpected(session.error()));
    return finish(context, backend, now, end);
}

// From a checked plan to the end of the session. `identity`: the preserved bottle to resume, or
// empty.
int go(Context& context, BackendPlugin& backend, const Plan& plan, const StartOptions& options,
       const QString& identity, PhaseTimer& timer) {
    show_preflight(context, plan, limits_not_held(plan, backend), options.dry_run);
    if (options.dry_run) return kDone;
    if (!options.yes) {
        auto agreed =
            context.ask().confirm(identity.isEmpty() ? QStringLiteral("launch this agent?")
                                                     : QStringLiteral("resume this agent?"),
                                  QStringLiteral("give --yes to launch without being asked"));
        if (!agreed) return fail(agreed.error(), kUsage);
        if (!*agreed) {
            say(QStringLiteral("aborted"));
            return kDone;
        }
    }
    const Lifetime lifetime = options.keep ? Lifetime::Kept : Lifetime::UnlessChanged;
    auto launched = identity.isEmpty() ? launch_plan(context, backend, plan, lifetime)
                                       : resume_plan(context, backend, plan, identity);
    if (!launched) return fail(launched.error(), kBeforeTheAgent);
    timer.skip();
    const auto end = run_agent(context, backend, *launched, options, !identity.isEmpty());
    timer.done("session");
    Finished finished = finish(context, backend, launched->bottle.metadata, end);
    while (finished.goes_on)
        finished = go_on(context, backend, *launched, *finished.goes_on);
    timer.done("end");
    return finished.code;
}

int start(Context& context, const StartOptions& options) {
    PhaseTimer timer;
    QString agent = options.agent;
    if (agent.isEmpty()) {
        auto picked = pick_agent(context);
        if (!picked) return fail(picked.error(), kUsage);
        agent = *picked;
    }
    auto plan = build_plan(launch_request(context, options, agent), context.plan_sources());
    if (!plan) return fail(plan.error(), kBeforeTheAgent);
    for (const QString& warning : plan->warnings)
        warn(warning);
    auto backend = context.backend();
    if (!backend) return fail(backend.error(), kNoBackend);
    plan->backend = (*backend)->descriptor().id;
    timer.done("resolve");
    return go(context, **backend, *plan, options, {}, timer);
}

Result<QString> pick_preserved(Context& context) {
    QStringList identities;
    for (const Metadata& metadata : list_metadata(context.home()).bottles) {
        if (metadata.phase == BottlePhase::Preserved && !metadata.agent.isEmpty())
            identities.append(metadata.identity);
    }
    if (identities.isEmpty())
        return failure("usage", "no agent was preserved",
                       "`botbottle list preserved` shows what was kept");
    return context.ask().pick(QStringLiteral("botbottle: resume which?"), identities,
                              QStringLiteral("name one: botbottle resume IDENTITY"));
}

Result<Metadata> resumable(Context& context, const QString& identity) {
    auto metadata = load_metadata(context.home(), identity);
    if (!metadata) return metadata;
    if (metadata->phase != BottlePhase::Preserved)
        return failure("not_preserved", identity.toStdString() + " was not preserved: it may run",
                       "`botbottle attach` goes to one that runs; `botbottle cleanup` tidies up "
                       "after one that crashed");
    if (metadata->agent.isEmpty())
        return failure("usage", identity.toStdString() + " ran a command, no agent",
                       "`botbottle diff` and `apply` bring home what it changed");
    return metadata;
}

int resume(Context& context, const StartOptions& options, QString identity) {
    PhaseTimer timer;
    if (identity.isEmpty()) {
        auto picked = pick_preserved(context);
        if (!picked) return fail(picked.error(), kUsage);
        identity = *picked;
    }
    auto metadata = resumable(context, identity);
    if (!metadata) return fail(metadata.error(), kBeforeTheAgent);
    context.work_in(metadata->working_directory);
    auto plan = plan_again(context, *metadata, options.arguments, options.prompt);
    if (!plan) return fail(plan.error(), kBeforeTheAgent);
    for (const QString& warning : plan->warnings)
        warn(warning);
    // Its home and workspace are where its backend put them.
    auto backend = context.plugins().backend(metadata->backend);
    if (!backend) return fail(backend.error(), kNoBackend);
    const QStringList changes = plan_changes(metadata->plan, plan_to_json(*plan));
    for (const QString& line : changes)
        say(QStringLiteral("changed since it was started: %1").arg(line));
    if (changes.isEmpty()) say(QStringLiteral("its manifest is as it was"));
    timer.done("resolve");
    return go(context, **backend, *plan, options, identity, timer);
}

}  // namespace

int run_start(const GlobalOptions& global, const StartOptions& options) {
    auto context = Context::make(global, {options.backend});
    if (!context) return fail(context.error(), kBeforeTheAgent);
    return start(**context, options);
}

int run_resume(const GlobalOptions& global, const StartOptions& options, const QString& identity) {
    auto context = Context::make(global);
    if (!context) return fail(context.error(), kBeforeTheAgent);
    return resume(**context, options, identity);
}

}  // namespace botbottle::cli
