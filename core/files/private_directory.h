// Directories that only their owner can enter.
#pragma once

#include <string>

#include "base/error.h"

namespace botbottle::files {

// Creates `path` and what is missing above it, each 0700. What exists already must be a directory;
// `path` itself must also be ours, no symlink, and closed to others (a wider mode of our own
// directory is narrowed, unless everybody could write to it). Anything else is "unsafe_directory":
// another user may have put it there first.
Result<void> make_private_directory(const std::string& path);

// The same without creating: is `path` a directory of ours that nobody else can enter?
Result<void> check_private_directory(const std::string& path);

}  // namespace botbottle::files
