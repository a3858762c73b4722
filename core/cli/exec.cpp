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
    const QJsonObject guest = bottle->item.metadata.guest;
    const QString user = guest.value(QLatin1String("user")).toString();
    const QString uid = QString::number(guest.value(QLatin1String("uid")).toInteger());
    if (!options.user.isEmpty() && options.user != user && options.user != uid)
        return fail({"no_such_user",
                     "--user " + options.user.toStdString() + ": every session of this bottle is " +
                         user.toStdString() + "'s (" + uid.toStdString() +
                         "), and nothing in it can become somebody else",
                     "leave the option out"},
                    kUsage);
    SessionRequest request;
    request.argv = options.command;
    request.environment = bottle->item.metadata.environment;
    const auto end = run_in_bottle(*bottle->backend, bottle->item.metadata, request);
    return end ? exit_code(*end) : fail(end.error(), kBeforeTheAgent);
}

}  // namespace botbottle::cli
