// Whether a bottle runs, and its end.
#pragma once

#include <botbottle/plugin.hpp>

#include "handle.h"

namespace backend_docker {

bool runs(const Json& request, const Bottle& bottle);
Json stop(const Json& request, const botbottle::plugin::Host& host);

}  // namespace backend_docker
