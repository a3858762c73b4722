// Starting the relay as the first process of the bottle's view, and staying as what it is leased
// from: the relay's life is the bottle's.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"

namespace botbottle::machine {

struct Entry {
    std::string hostname = "bottle";
    std::vector<std::string> forwards;  // PORT=NAME of a socket
    std::string uid;
    std::string gid;
    std::string pids = "0";
};

// Returns when the bottle has ended, or with what kept it from starting.
Result<void> enter(const Entry& entry);

}  // namespace botbottle::machine
