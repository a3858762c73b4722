// Paths below a directory that an agent may be changing at this moment.
//
// A path is taken one name at a time, each opened relative to the one before and never through a
// symlink, so it cannot lead out of the directory however the tree is rearranged meanwhile (what
// openat2 calls RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS, on every kernel). FIFOs and devices are
// never opened: opening one may block, or do something.
#pragma once

#include <sys/stat.h>

#include <optional>
#include <string>

#include "files/unique_fd.h"

namespace botbottle::files {

// Invalid, with errno set, when a part of `path` is missing, or is no directory. "" is `root`.
UniqueFd open_directory_beneath(int root, const std::string& path);

// The directory that holds `path`, and the name in it.
struct Place {
    UniqueFd directory;
    std::string name;

    // lstat; nullopt, with errno set, when nothing has that name.
    std::optional<struct stat> look() const;
};
Place place_beneath(int root, const std::string& path);

// Opens a regular file for reading. Invalid, with errno set (EINVAL: not a regular file).
UniqueFd open_file_at(const Place& place, struct stat& status);

}  // namespace botbottle::files
