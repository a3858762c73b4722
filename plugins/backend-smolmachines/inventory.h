// What runs, and what is left of bottles that do not.
#pragma once

#include "handle.h"

namespace backend_smolmachines {

Json list(const Json& request);
Json leftovers(const Json& request);
Json remove(const Json& request);

}  // namespace backend_smolmachines
