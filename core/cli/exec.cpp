// botbottle exec: any command in a running bottle.
#include "cli/bottle_session.h"
#include "cli/commands.h"
#include "cli/messages.h"
#include "cli/running_bottle.h"

namespace botbottle::cli {

int run_exec(const GlobalOptions& global, const ExecOptions& options) {
    auto context = Context::make(global);
    if (!context) return fail(context.error(), kBeforeTheAgent);
    auto bottle = find_running(**context, options.identity);
    if (!bottle) return fail(bottle.error(), kBeforeTheAgent);
    SessionRequest request;
    request.argv = options.command;
    request.environment = bottle->item.metadata.environment;
    const auto end = run_in_bottle(*bottle->backend, bottle->item.metadata, request);
    return end ? exit_code(*end) : fail(end.error(), kBeforeTheAgent);
}

}  // namespace botbottle::cli
