// The command line of bwrap: a pure function of what the bottle is to be.
#pragma once

#include <string>
#include <vector>

#include "handle.h"
#include "host-bottle/forward.h"

namespace backend_bubblewrap {

struct LaunchPlan {
    Bottle bottle;
    Handle handle;
    std::string sockets_dir;
    std::vector<Forward> forwards;
    std::string hostname;
    bool disable_userns = true;  // the setuid bwrap cannot
    // Descriptors that bwrap inherits under these numbers.
    int filter_fd = -1;
    int info_fd = -1;
    int lease_fd = -1;
    int listen_fd = -1;
};

std::vector<std::string> bwrap_arguments(const LaunchPlan& plan);

}  // namespace backend_bubblewrap
