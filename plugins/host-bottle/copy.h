// Files into a bottle and out of it, over the host's side of its trees. The bottle may run or not.
#pragma once

#include "bottle.h"
#include "files.h"

namespace host_bottle {

// `owner` gets what is written into the home and the workspace, when root copies.
Json copy_in(const Bottle& bottle, Owner owner, const Json& request);
Json copy_out(const Bottle& bottle, const Json& request);

// Of a copy_in's entry.
mode_t mode_of(const Json& entry, mode_t fallback);
std::string content_of(const Json& entry);

}  // namespace host_bottle
