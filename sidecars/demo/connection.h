// One connection of the egress: a CONNECT for the site, then TLS, then requests.
#pragma once

#include "demo/site.h"

namespace botbottle::demo {

// Blocks until the connection ends, and closes it.
void serve(int fd, const Site& site);

}  // namespace botbottle::demo
