// Whether a bottle runs, and its end.
#pragma once

#include "handle.h"

namespace backend_bubblewrap {

bool runs(const Json& request, const Bottle& bottle);
Json stop(const Json& request);

}  // namespace backend_bubblewrap
