// A bottle that was started before, and is started again: what `start`, `resume` and the approval
// of an image share.
#pragma once

#include <QString>
#include <QStringList>
#include <optional>

#include "base/error.h"
#include "bottles/metadata.h"
#include "cli/bottle_session.h"
#include "cli/context.h"
#include "plan/plan.h"

namespace botbottle::cli {

// Today's plan for it, from where it was started: a repository's own agents are found there. Its
// image is its own when one was approved. `arguments`: those that it had when empty. `only_shown`
// as in LaunchRequest.
Result<Plan> plan_again(Context& context, const Metadata& metadata, const QStringList& arguments,
                        const std::optional<QString>& headless_prompt, bool only_shown = false);

// The main session of a bottle that another command has started again: the agent takes up its
// conversation, and is told why. `plan` and `environment` (with its secrets) are those of before,
// `before` too.
Result<SessionRequest> session_again(Context& context, Plan plan, const Metadata& before,
                                     QJsonObject environment, const Metadata& now);

// Ends a running bottle where it is, and starts it with the image that was approved. Who launched
// it and still waits has the agent on its terminal again; otherwise it goes on detached. Errors:
// those of relaunch_bottle; `manifest_changed`, `missing_variable` and `session_lost`, of which the
// first two leave it as it is.
Result<void> relaunch(Context& context, const QString& identity);

}  // namespace botbottle::cli
