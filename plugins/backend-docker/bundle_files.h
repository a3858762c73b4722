// Files into and out of a bundle, as tar archives over the engine's API.
#pragma once

#include <botbottle/plugin.hpp>

#include "handle.h"

namespace backend_docker {

// The operations of the same names.
Json copy_into_bundle(const Json& request, const botbottle::plugin::Host& host);
Json copy_out_of_bundle(const Json& request, const botbottle::plugin::Host& host);

}  // namespace backend_docker
