// remove_tree: deletes a directory that an agent may have shaped to resist it.
#pragma once

#include <string>

#include "base/error.h"

namespace botbottle::files {

// Removes `path` and all below it; nothing there is no error. Never follows a symlink, opens up
// directories whose mode forbids entry, and copes with any depth. A mount point inside is an error.
Result<void> remove_tree(const std::string& path);

}  // namespace botbottle::files
