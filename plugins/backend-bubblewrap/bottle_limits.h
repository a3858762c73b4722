// Which limits hold here. bwrap sets none; processes are limited per bottle by the kernel's own
// count of a user's processes, because every bottle has a user (or user namespace) of its own.
#pragma once

#include <string>
#include <vector>

#include "handle.h"

namespace backend_bubblewrap {

struct Limits {
    unsigned long pids = 0;  // 0: none asked for, or it would not hold
    std::vector<std::string> warnings;
};

// What of the request's `limits` will hold, and a warning for each that will not.
Limits limits_of(const Json& request, bool user_namespace);

// Whether RLIMIT_NPROC counts the processes of one bottle only.
bool pids_limit_holds(bool user_namespace);

}  // namespace backend_bubblewrap
