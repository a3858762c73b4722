// The bottle's view of its machine: what a process in the bottle can see and touch.
#pragma once

#include <string>

#include "base/error.h"

namespace botbottle::machine {

// Namespaces of this process's own, a network without an interface among them. A kernel without
// network namespaces is no error: its machine has no interface either, which `health` looks at.
Result<void> leave_namespaces();

// In the first process of a new process namespace, as root: the machine's root read-only, the
// bottle's home and workspace, an /etc that names one user and no resolver, fresh /proc and /dev,
// tmpfs where programs write, and nothing else of the machine.
Result<void> make_view(const std::string& hostname);

// 127.0.0.1 and ::1 answer.
Result<void> raise_loopback();

}  // namespace botbottle::machine
