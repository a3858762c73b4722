// Starts a warden: detached from this command, with nothing but its control connection.
#pragma once

#include <QString>

#include "base/error.h"
#include "bottles/warden_connection.h"

namespace botbottle {

// The warden runs when this returns, and ends when the connection ends (until `bottle.watch`). It
// has no arguments, an empty environment, its own session, and `log_file` as stderr.
Result<WardenConnection> start_warden(const QString& log_file);

}  // namespace botbottle
