// A loopback port of the bottle and the sidecar's socket behind it.
#pragma once

#include <string>
#include <vector>

#include "bottle.h"

namespace host_bottle {

struct Forward {
    unsigned port;
    std::string socket;  // its name in the directory of sockets
};

std::vector<Forward> forwards_of(const Json& request);

}  // namespace host_bottle
