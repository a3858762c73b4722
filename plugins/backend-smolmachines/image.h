// The archive that a bottle's machine is made of: one that the operator names, or what the engine
// of this machine builds, saved once.
#pragma once

#include <botbottle/plugin.hpp>
#include <string>

#include "archive.h"
#include "handle.h"

namespace backend_smolmachines {

struct MachineImage {
    std::string file;
    ArchiveImage image;
    bool built = false;  // of a Dockerfile, by an engine of this machine
};

// Of a `prepare` request.
MachineImage ensure_archive(const Json& request, const botbottle::plugin::Host& host);

}  // namespace backend_smolmachines
