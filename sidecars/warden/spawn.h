// Starts a sidecar: no argument, an empty environment, and exactly the descriptors that it is
// given.
#pragma once

#include <sys/types.h>

#include <span>
#include <string>

#include "base/error.h"
#include "control/descriptor.h"

namespace botbottle::warden {

struct Child {
    pid_t pid = -1;
    control::Descriptor pidfd;
};

// The child sees `descriptors` as 3, 4, 5 …, our stdin, stdout and stderr, and nothing else. To be
// called from the thread that lives as long as the process: PR_SET_PDEATHSIG in the child means
// that thread's death.
Result<Child> spawn(const std::string& program, std::span<const int> descriptors);

}  // namespace botbottle::warden
