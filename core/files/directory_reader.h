// The names in an open directory, read at once so that entries may be added or removed while
// walking.
#pragma once

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <string>
#include <vector>

#include "files/unique_fd.h"

namespace botbottle::files {

// Opens a subdirectory without following a symlink. Invalid, with errno set, when it is none.
inline UniqueFd open_directory_at(int parent, const char* name) {
    return UniqueFd(
        openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
}

// The same for a directory of ours whose mode may forbid it; opens it up. Through a descriptor that
// is sure to be the directory: chmod and fchmodat follow a symlink that was put in its place
// meanwhile.
inline UniqueFd open_closed_directory_at(int parent, const char* name) {
    const UniqueFd found(openat(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!found) return {};
    const std::string itself = "/proc/self/fd/" + std::to_string(found.get());
    if (chmod(itself.c_str(), 0700) != 0) return {};
    return open_directory_at(found.get(), ".");
}

// "path/name", or just the name at the top.
inline std::string entry_path(const std::string& path, const std::string& name) {
    std::string joined = path;
    if (!joined.empty()) joined += '/';
    joined += name;
    return joined;
}

// Sorted, without "." and "..". Empty, with errno set, when the directory cannot be read.
inline std::vector<std::string> names_in(int directory) {
    std::vector<std::string> names;
    // fdopendir takes the descriptor over; the caller keeps its own.
    UniqueFd copy = open_directory_at(directory, ".");
    if (!copy) return names;
    DIR* stream = fdopendir(copy.get());
    if (stream == nullptr) return names;
    (void)copy.release();
    while (const dirent* entry = readdir(stream)) {
        const std::string name = entry->d_name;
        if (name != "." && name != "..") names.push_back(name);
    }
    closedir(stream);
    std::sort(names.begin(), names.end());
    return names;
}

}  // namespace botbottle::files
