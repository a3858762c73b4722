// What runs, and what a crash left.
#pragma once

#include "handle.h"

namespace backend_docker {

// Without the engine: the records and the kernel know.
Json list(const Json& request);

Json leftovers(const Json& request);
Json remove(const Json& request);

}  // namespace backend_docker
