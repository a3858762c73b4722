// Whether this backend can be used here, and why not.
#pragma once

#include "handle.h"

namespace backend_smolmachines {

Json probe(const Json& request);

}  // namespace backend_smolmachines
