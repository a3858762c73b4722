// Files in the trees that a bottle writes: its home and workspace as the host sees them. Whatever
// the agent put there, nothing is opened outside of the tree: no link is followed, no mount is
// crossed, no FIFO is waited for.
#pragma once

#include <sys/types.h>

#include <string>

#include "bottle.h"
#include "unique_fd.h"

namespace host_bottle {

struct GuestPath {
    std::string root;      // host directory
    std::string relative;  // in it, without a leading slash; empty: the root itself
    bool agent_owned;      // false: in /etc, which is ours
};

// Where a path of the bottle lies on the host. Throws for a path that is neither in the home, the
// workspace nor /etc.
GuestPath locate(const Bottle& bottle, const std::string& guest_path);

UniqueFd open_root(const std::string& path);

// openat2 with RESOLVE_BENEATH, NO_SYMLINKS, NO_MAGICLINKS and NO_XDEV. Empty, with errno, on
// failure.
UniqueFd open_beneath(int root, const std::string& relative, int flags, mode_t mode = 0);

// A regular file for reading; empty, with errno, when it is anything else (ENOTSUP).
UniqueFd open_regular(int directory, const std::string& name);

}  // namespace host_bottle
