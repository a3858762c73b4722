// What `start`, `run`, `attach` and `exec` have in common: launching with its messages, a session
// in a bottle, and what is said and kept at the end.
#pragma once

#include <QJsonObject>
#include <QString>
#include <QStringList>
#include <map>
#include <string>

#include "base/error.h"
#include "bottles/ending.h"
#include "bottles/launch.h"
#include "bottles/session.h"
#include "cli/context.h"

namespace botbottle::cli {

// Resolves the plan's secrets, wipes them from this process's environment, and launches. What the
// bottle's sessions need of them is put into `environment`.
struct Launched {
    LaunchedBottle bottle;
    QJsonObject environment;  // with secrets: for a session's request only
};
// Tells the operator of a launch as it goes on.
LaunchEvents launch_events();

// Records that `audit.retention_days` does not keep.
void forget_old_records(const Context& context);

Result<Launched> launch_plan(Context& context, BackendPlugin& backend, const Plan& plan,
                             Lifetime lifetime);

// The same for a bottle that was preserved.
Result<Launched> resume_plan(Context& context, BackendPlugin& backend, const Plan& plan,
                             const QString& identity);

struct SessionRequest {
    QStringList argv;
    QJsonObject environment;
    QString name;  // empty: a throw-away session
    bool reattach = false;
    bool headless = false;  // no terminal, no input
};

// Runs a session on this command's terminal, or on its streams when one of them is no terminal.
Result<SessionEnd> run_in_bottle(BackendPlugin& backend, const Metadata& metadata,
                                 const SessionRequest& request);

// Starts a terminal session for somebody to attach to later.
Result<void> leave_in_bottle(Context& context, BackendPlugin& backend, const Metadata& metadata,
                             const SessionRequest& request);

// The name of an agent's first session, whose end is the bottle's end.
inline constexpr const char* kMainSession = "main";

// How a command ends after the main session.
struct Finished {
    int code = 0;
    // The bottle was started again meanwhile, and leaves its main session to this command.
    std::optional<Metadata> goes_on;
};

// After the main session: says that it goes on detached, or ends the bottle and says what was kept.
Finished finish(Context& context, BackendPlugin& backend, const Metadata& metadata,
                const Result<SessionEnd>& end);

// What an end has preserved, and where; nothing when nothing was.
void tell_what_remains(const QString& identity, const EndReport& report);

}  // namespace botbottle::cli
