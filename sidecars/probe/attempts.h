// Attempt: one way out of a bottle, and what must become of it. Each file of this room adds its
// own.
#pragma once

#include <string>
#include <vector>

#include "probe/finding.h"
#include "probe/targets.h"

namespace botbottle::probe {

struct Attempt {
    const char* name;
    const char*
        claim;  // what doctor sums up: network, kernel, processes, privileges, files, egress
    const char* summary;  // for people
    const char* target;   // the kind of --target without which it is skipped, or ""
    Finding (*run)(const Targets& targets);
    // Whether running out of time means that something may have left the bottle.
    bool hanging_is_escape = false;
};

const std::vector<Attempt>& network_attempts();
const std::vector<Attempt>& network_kind_attempts();
const std::vector<Attempt>& kernel_attempts();
const std::vector<Attempt>& process_attempts();
const std::vector<Attempt>& privilege_attempts();
const std::vector<Attempt>& file_attempts();
const std::vector<Attempt>& controls();

}  // namespace botbottle::probe
