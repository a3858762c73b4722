// Where the provider's program lies on the host, and how much of it the bottle must see.
#pragma once

#include <string>
#include <vector>

#include "handle.h"

namespace backend_bubblewrap {

// `name` is what the agent types, `path` where the host has it: perhaps a link into a version
// manager. What lies below /usr is in every bottle and needs no bind. Otherwise
//   - a program in a node_modules tree brings its package (the nearest package.json upwards), a
//   script
//     there its whole node_modules, because packages that it requires lie beside it;
//   - any other program is one file;
//   - a node script also brings the node of its own installation, unless /usr has one.
struct Surroundings {
    std::vector<std::string>
        secluded;  // no bind may contain these (the operator's home, our state)
    std::vector<std::string> system_path;  // of the bottle's PATH, what lies below /usr
    bool other_user = false;               // the bottle runs as someone else than we
};
ProgramView view_program(const std::string& name, const std::string& path,
                         const Surroundings& surroundings);

}  // namespace backend_bubblewrap
