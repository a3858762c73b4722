// The request that makes a bottle's container: a pure function of what the bottle is to be.
#pragma once

#include <string>
#include <vector>

#include "container_limits.h"
#include "handle.h"
#include "host-bottle/forward.h"

namespace backend_docker {

struct ResourceLimit {
    const char* name;  // as the Engine API has it: "nofile"
    long value;
};

struct ContainerPlan {
    Bottle bottle;
    Handle handle;
    std::string sockets_dir;
    std::vector<Forward> forwards;
    std::string hostname;
    // What Podman, whose API is the same and whose defaults are not, is told besides.
    bool podman = false;
    // The most of each that the bottle gets, where the engine must not decide.
    std::vector<ResourceLimit> most;
};

// What of a bundle can be written, or is written by us while it runs.
struct BundleVolume {
    const char* path;
    bool agent_owned;
};
constexpr BundleVolume kBundleVolumes[] = {{kGuestHome, true},
                                           {kGuestWorkspace, true},
                                           {"/etc/botbottle", false},
                                           {"/etc/ssl/certs", false}};

// For POST /containers/create.
Json container_document(const ContainerPlan& plan);

}  // namespace backend_docker
