// Whether this backend can be used here, and why not.
#pragma once

#include "handle.h"

namespace backend_docker {

Json probe(const Json& request);

// What an engine's /info says against it, as checks; `usable` becomes false with any.
Json checks_of_info(const Json& info, bool& usable);

}  // namespace backend_docker
