// botbottle attach: back to a detached agent, or one more session of it in the same bottle.
#include <QJsonObject>

#include "bottles/provisioning.h"
#include "bottles/session_environment.h"
#include "cli/bottle_session.h"
#include "cli/commands.h"
#include "cli/messages.h"
#include "cli/running_bottle.h"
#include "plan/secrets.h"

namespace botbottle::cli {
namespace {

// The main session is taken over when nobody holds it.
bool can_take_over(const RunningBottle& bottle) {
    const auto session = find_session(bottle.item.sessions, QLatin1String(kMainSession));
    return session && session->value(QLatin1String("tty")).toBool() &&
           !session->value(QLatin1String("attached")).toBool();
}

QString free_session_name(const QJsonArray& sessions) {
    for (int number = 2;; ++number) {
        QString name = QStringLiteral("%1-%2").arg(QLatin1String(kMainSession)).arg(number);
        if (!find_session(sessions, name)) return name;
    }
}

// Secrets are kept nowhere, so a new session needs them from the operator again.
Result<SessionRequest> new_agent_session(Context& context, const RunningBottle& bottle) {
    const Metadata& metadata = bottle.item.metadata;
    if (metadata.agent.isEmpty())
        return failure("usage", metadata.identity.toStdString() + " runs a command, no agent",
                       "botbottle exec " + metadata.identity.toStdString() + " -- COMMAND");
    LaunchRequest wanted;
    wanted.agent = metadata.agent;
    wanted.working_directory = metadata.working_directory;
    const PlanSources sources = context.plan_sources();
    auto guest = guest_from_json(metadata.guest);
    if (!guest) return tl::make_unexpected(guest.error());
    auto plan =
        build_plan(wanted, sources, *guest, metadata.state_dir + QStringLiteral("/provider"));
    if (!plan) return tl::make_unexpected(plan.error());
    auto secrets = resolve_secrets(*plan, sources.variables,
                                   [&context](const QString& name, const QString& prompt) {
                                       return context.ask().secret(name, prompt);
                                   });
    if (!secrets) return tl::make_unexpected(secrets.error());
    wipe_host_variables(referenced_variables(*plan));
    auto argv = command_line(*plan, context.plugins(), prompt_file(*plan), false);
    if (!argv) return tl::make_unexpected(argv.error());
    SessionRequest request;
    request.argv = *argv;
    request.environment = with_secrets(metadata.environment, secrets->env);
    request.name = free_session_name(bottle.item.sessions);
    return request;
}

}  // namespace

int run_attach(const GlobalOptions& global, const QString& identity) {
    auto made = Context::make(global);
    if (!made) return fail(made.error());
    Context& context = **made;
    auto bottle = find_running(context, identity);
    if (!bottle) return fail(bottle.error());
    const Metadata& metadata = bottle->item.metadata;
    if (can_take_over(*bottle)) {
        SessionRequest request;
        request.name = QLatin1String(kMainSession);
        request.reattach = true;
        return finish(context, *bottle->backend, metadata,
                      run_in_bottle(*bottle->backend, metadata, request))
            .code;
    }
    auto request = new_agent_session(context, *bottle);
    if (!request) return fail(request.error());
    const auto end = run_in_bottle(*bottle->backend, metadata, *request);
    if (!end) return fail(end.error());
    if (end->kind == SessionEnd::Kind::Detached)
        say(QStringLiteral("detached; session %1 goes on in %2").arg(request->name, identity));
    return exit_code(*end);
}

}  // namespace botbottle::cli
