// The system call filter of every process in a bottle, as a program for bwrap's --seccomp.
#pragma once

#include "unique_fd.h"

namespace host_bottle {

// A memfd, positioned at its start. The same for every bottle.
UniqueFd build_filter();

}  // namespace host_bottle
