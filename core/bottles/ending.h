// The end of a bottle: everything of it is stopped, then its state is removed or preserved.
#pragma once

#include <QString>
#include <QStringList>
#include <functional>
#include <optional>

#include "base/error.h"
#include "bottles/home.h"
#include "bottles/metadata.h"
#include "plugins/plugin.h"

namespace botbottle {

struct EndRequest {
    QString identity;
    int generation = 0;            // 0: whichever runs
    std::optional<int> exit_code;  // the agent's; nullopt when it was stopped
    QString lost;       // why the agent's exit code is unknown although it was not stopped
    bool keep = false;  // the operator wants the state whatever happened
    int grace_ms = 0;   // for what still runs inside
    // Called once when another command holds the bottle.
    std::function<void(const QString& holder)> waiting;
};

struct EndReport {
    bool existed = true;
    std::optional<Metadata> goes_on;  // it was started again meanwhile, and was left alone
    bool preserved = false;
    QString because;         // why it was preserved
    bool has_agent = false;  // it can be resumed
    QString state_dir;
    QString workspace;
    QStringList notes;  // what could not be tidied up
};

// Ends are idempotent: a bottle that another command has ended meanwhile is reported as not
// existing, and so is a generation of it that is over.
Result<EndReport> end_bottle(const Home& home, BackendPlugin& backend, const EndRequest& request);

// Removes a preserved bottle: its state, workspace and conversation. Error `not_preserved`.
Result<EndReport> remove_preserved(const Home& home, BackendPlugin& backend,
                                   const QString& identity);

}  // namespace botbottle
