// What a relay gets from its launcher when it cannot inherit it: a container engine starts it, and
// passes no descriptors. docs/session-protocol.md, "Rendezvous".
#pragma once

#include "base/error.h"
#include "control/descriptor.h"

namespace botbottle::relay {

struct Arrival {
    control::Descriptor lease;     // the connection itself
    control::Descriptor listener;  // the session socket
    control::Descriptor filter;    // a program for seccomp
};

// Connects to the launcher's socket, which the bottle sees only while it is launched. `kept`: a
// descriptor that stays open besides, or -1.
Result<Arrival> meet(const char* path, int kept = -1);

// This process and all that it starts stay under the filter. After privileges were given up.
Result<void> apply_filter(const control::Descriptor& program);

}  // namespace botbottle::relay
