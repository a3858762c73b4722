// Finds a running bottle by its identity, for the commands that do something with one.
#pragma once

#include "bottles/inventory.h"
#include "cli/context.h"

namespace botbottle::cli {

struct RunningBottle {
    InventoryItem item;
    BackendPlugin* backend = nullptr;
};

// Error `unknown_identity`, or `not_running` with what it is instead.
Result<RunningBottle> find_running(Context& context, const QString& identity);

}  // namespace botbottle::cli
