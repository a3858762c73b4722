// The runtime root is the register of bottles: one directory for each, with a backend's files in it
// while it runs.
#pragma once

#include <string>
#include <vector>

#include "bottle.h"

namespace host_bottle {

// Bottles whose runtime directory lies in `root`, by name. A root that is not there has none; one
// that others could write would tell us lies.
std::vector<Bottle> bottles_in(const std::string& root, const std::string& directory = {});

// Whether a backend's files are there: record, session socket, /etc.
bool has_files(const Bottle& bottle);

// The bottle of a leftover's id, which comes from outside: refuses what is no runtime directory
// with a backend's files in it.
Bottle bottle_at(const std::string& runtime_dir, const std::string& directory = {});

// Only what the backend made; a directory itself when nothing else is in it. Refuses a bottle that
// runs.
void remove_runtime_files(const Bottle& bottle);

}  // namespace host_bottle
