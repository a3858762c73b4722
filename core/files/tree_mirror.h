// mirror_tree: makes one directory hold what another holds, and touches nothing that does so
// already.
//
// For a workspace that comes out of a bottle again and again: what the agent left alone keeps its
// change time, so that a TreeSnapshot taken before still tells what was changed. Compares types,
// modes, contents and link targets. Regular files, directories and symlinks (as links); anything
// else counts as not there. Whoever is interrupted can begin again: the source is only read.
#pragma once

#include <set>
#include <string>

#include "base/error.h"

namespace botbottle::files {

// What becomes of a path that is in `destination` alone.
enum class Absent { kRemoved, kKept };

// `keep`: paths, relative to both roots, that stay in `destination` as they are.
Result<void> mirror_tree(const std::string& source, const std::string& destination,
                         const std::set<std::string>& keep = {}, Absent absent = Absent::kRemoved);

}  // namespace botbottle::files
