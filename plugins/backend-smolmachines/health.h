// What a machine says of itself before an agent gets in.
#pragma once

#include <string>
#include <string_view>

#include "host-bottle/files.h"

namespace backend_smolmachines {

struct Health {
    bool ready = false;
    std::string failure;  // why the bottle's view could not be made
    bool loopback = false;
    bool writable = false;
    long owner = -1;    // of the workspace, as the machine sees it
    std::string leaks;  // what answered or led out, for people; empty is what must be
};

// Throws for what is no answer of `botbottle-machine health`: that machine is not let through.
Health parse_health(std::string_view text);

// A machine from which anything can be reached is no bottle.
void refuse_leaks(const Health& health);

// Throws with what keeps the bottle from working.
void refuse_unhealthy(const Health& health, host_bottle::Owner owner);

}  // namespace backend_smolmachines
