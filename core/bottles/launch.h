// The launch of a bottle, in the order of docs/architecture.md. Every step registers how it is
// undone; a failure, or Ctrl-C, unwinds in reverse and reports the first error with its phase.
#pragma once

#include <QString>
#include <functional>

#include "base/error.h"
#include "bottles/home.h"
#include "bottles/metadata.h"
#include "plan/plan.h"
#include "plan/secrets.h"
#include "plugins/plugin.h"

namespace botbottle {

// What a launch tells while it goes on. Any may be empty.
struct LaunchEvents {
    std::function<void(const QString& phase, double milliseconds)> phase_done;
    std::function<void(const QString& message)> progress;
    std::function<void(const QString& message)> note;
    std::function<void(const QString& message)> warning;
};

struct LaunchParts {
    const Home& home;
    const PlanSources& sources;
    BackendPlugin& backend;
    LaunchEvents events;
};

struct LaunchedBottle {
    Metadata metadata;
    Plan plan;  // for the guest that the backend prepared
};

// `plan` is what the operator has agreed to. `secrets` are handed to the warden and wiped here as
// soon as it has them; those of the environment stay with the caller. The error's message begins
// with the phase.
Result<LaunchedBottle> launch_bottle(const LaunchParts& parts, const Plan& plan,
                                     WardenSecrets secrets, Lifetime lifetime);

// The same for a bottle that was preserved: its identity, state, workspace and home stay, and a
// failure leaves it preserved as it was. `plan` is today's. Error `not_preserved`.
Result<LaunchedBottle> resume_bottle(const LaunchParts& parts, const Plan& plan,
                                     WardenSecrets secrets, const QString& identity);

// A bottle that runs is ended and begins again under the same warden: with the image that `plan`
// names, and with its identity, workspace, conversation, credentials, grants and record. Nothing is
// ended before what it did is safe; a failure after that leaves it preserved. The launcher that it
// had stays its launcher while that lives. Errors: `not_running`, also when it is another
// generation by now.
Result<LaunchedBottle> relaunch_bottle(const LaunchParts& parts, const Plan& plan,
                                       const QString& identity, int generation);

}  // namespace botbottle
