// What the relay gives up before it listens: its dump, its identity, every capability.
#pragma once

#include <sys/types.h>

#include <optional>

#include "base/error.h"

namespace botbottle::relay {

struct Identity {
    uid_t uid;
    gid_t gid;
};

// With an identity (a bottle started by root, without a user namespace): becomes that user for
// good. Afterwards nothing that this process starts can gain a privilege, and no other process of
// the same user can trace it or open its descriptors through /proc.
Result<void> give_up_privileges(std::optional<Identity> identity);

// At most this many processes and threads in the bottle, 0: no limit of its own.
Result<void> limit_processes(unsigned long count);

}  // namespace botbottle::relay
