// Preparing and starting a bottle.
#pragma once

#include <botbottle/plugin.hpp>

#include "handle.h"

namespace backend_smolmachines {

Json prepare(const Json& request, const botbottle::plugin::Host& host);

// Returns once the relay answers in a machine that was seen to have no network, and the record is
// written. When it throws, there is no machine.
Json launch(const Json& request, const botbottle::plugin::Host& host);

}  // namespace backend_smolmachines
