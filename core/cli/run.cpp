// botbottle run: any command in a throw-away bottle.
#include "cli/bottle_session.h"
#include "cli/commands.h"
#include "cli/messages.h"
#include "cli/phase_timer.h"

namespace botbottle::cli {

int run_run(const GlobalOptions& global, const RunOptions& options) {
    PhaseTimer timer;
    auto made = Context::make(global, {options.backend});
    if (!made) return fail(made.error(), kBeforeTheAgent);
    Context& context = **made;
    LaunchRequest request;
    request.bottle = options.bottle;
    request.command = options.command;
    request.label = options.label;
    request.working_directory = context.working_directory();
    request.copy_working_directory = options.copy_working_directory;
    auto plan = build_plan(request, context.plan_sources());
    if (!plan) return fail(plan.error(), kBeforeTheAgent);
    for (const QString& warning : plan->warnings)
        warn(warning);
    auto backend = context.backend();
    if (!backend) return fail(backend.error(), kNoBackend);
    plan->backend = (*backend)->descriptor().id;
    timer.done("resolve");

    auto launched =
        launch_plan(context, **backend, *plan, options.keep ? Lifetime::Kept : Lifetime::ThrowAway);
    if (!launched) return fail(launched.error(), kBeforeTheAgent);
    const Metadata& metadata = launched->bottle.metadata;
    timer.skip();
    SessionRequest session;
    session.argv = options.command;
    session.environment = std::move(launched->environment);
    const auto end = run_in_bottle(**backend, metadata, session);
    timer.done("session");
    const int code = finish(context, **backend, metadata, end).code;
    timer.done("end");
    return code;
}

}  // namespace botbottle::cli
