// Whether this machine can isolate, found out by doing it.
#pragma once

#include "handle.h"

namespace backend_bubblewrap {

Json probe(const Json& request);

// The host path of bwrap. Throws when there is none.
std::string find_bwrap();

}  // namespace backend_bubblewrap
