// Whether this backend can be used here, and why not.
#pragma once

#include "engine.h"
#include "handle.h"

namespace backend_docker {

Json probe(const Json& request);

// Throws the first reason against this engine, for the placement that was asked for.
void refuse_unusable(Engine& engine);

// What an engine's /info says against it, as checks; `usable` becomes false with any.
Json checks_of_info(const Json& info, Placement placement, bool& usable);

}  // namespace backend_docker
