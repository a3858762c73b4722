// Preparing and starting a bottle.
#pragma once

#include <botbottle/plugin.hpp>

#include "handle.h"

namespace backend_docker {

Json prepare(const Json& request, const botbottle::plugin::Host& host);

// Returns once the relay answers and the record is written. When it throws, nothing runs.
Json launch(const Json& request, const botbottle::plugin::Host& host);

}  // namespace backend_docker
