#include "files/beneath.h"

#include <fcntl.h>

#include <cerrno>

#include "files/directory_reader.h"

namespace botbottle::files {
namespace {

bool is_name(const std::string& name) {
    return !name.empty() && name != "." && name != "..";
}

}  // namespace

UniqueFd open_directory_beneath(int root, const std::string& path) {
    UniqueFd current = open_directory_at(root, ".");
    for (std::size_t begin = 0; current && begin < path.size();) {
        const std::size_t end = std::min(path.find('/', begin), path.size());
        const std::string name = path.substr(begin, end - begin);
        begin = end + 1;
        if (!is_name(name)) {
            errno = EINVAL;
            return {};
        }
        current = open_directory_at(current.get(), name.c_str());
    }
    return current;
}

Place place_beneath(int root, const std::string& path) {
    const std::size_t slash = path.rfind('/');
    const bool nested = slash != std::string::npos;
    Place place{{}, nested ? path.substr(slash + 1) : path};
    errno = EINVAL;
    if (is_name(place.name))
        place.directory =
            open_directory_beneath(root, nested ? path.substr(0, slash) : std::string());
    return place;
}

std::optional<struct stat> Place::look() const {
    struct stat status = {};
    if (!directory) return std::nullopt;
    if (fstatat(directory.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0)
        return std::nullopt;
    return status;
}

UniqueFd open_file_at(const Place& place, struct stat& status) {
    if (!place.directory) return {};
    // A handle that opens nothing, to be sure of what it is; then the very same thing, to read.
    const UniqueFd handle(
        openat(place.directory.get(), place.name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    if (!handle || fstat(handle.get(), &status) != 0) return {};
    if (!S_ISREG(status.st_mode)) {
        errno = EINVAL;
        return {};
    }
    const std::string itself = "/proc/self/fd/" + std::to_string(handle.get());
    return UniqueFd(open(itself.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
}

}  // namespace botbottle::files
