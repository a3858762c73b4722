// The end of a bottle, and whether it has come.
#pragma once

#include <botbottle/plugin.hpp>

#include "handle.h"

namespace backend_smolmachines {

bool runs(const Bottle& bottle);
Json stop(const Json& request, const botbottle::plugin::Host& host);

}  // namespace backend_smolmachines
