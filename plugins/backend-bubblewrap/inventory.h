// What there is of this backend: running bottles, and what a crash left behind.
#pragma once

#include "handle.h"

namespace backend_bubblewrap {

Json list(const Json& request);
Json leftovers(const Json& request);
Json remove(const Json& request);

}  // namespace backend_bubblewrap
