// botbottle stop: ends bottles, whatever state they are in.
#include "bottles/ending.h"
#include "cli/bottle_session.h"
#include "cli/commands.h"
#include "cli/messages.h"

namespace botbottle::cli {
namespace {

Result<EndReport> stop_one(Context& context, const QString& identity, const StopOptions& options) {
    auto metadata = load_metadata(context.home(), identity);
    if (!metadata) return tl::make_unexpected(metadata.error());
    auto backend = context.plugins().backend(metadata->backend);
    if (!backend) return tl::make_unexpected(backend.error());
    EndRequest request;
    request.identity = identity;
    request.keep = options.keep;
    request.grace_ms = options.grace_seconds * 1000;
    request.waiting = [&identity](const QString& holder) {
        say(QStringLiteral("waiting for another command on %1 (pid %2)").arg(identity, holder));
    };
    return end_bottle(context.home(), **backend, request);
}

}  // namespace

int run_stop(const GlobalOptions& global, const StopOptions& options) {
    auto context = Context::make(global);
    if (!context) return fail(context.error());
    int code = kDone;
    for (const QString& identity : options.identities) {
        auto report = stop_one(**context, identity, options);
        if (!report) {
            code = fail(report.error());
            if (code == kInterrupted) return code;
            continue;
        }
        say(report->existed ? QStringLiteral("%1 stopped").arg(identity)
                            : QStringLiteral("%1 has ended already").arg(identity));
        tell_what_remains(identity, *report);
    }
    return code;
}

}  // namespace botbottle::cli
