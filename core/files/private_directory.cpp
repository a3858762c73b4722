#include "files/private_directory.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "files/system_error.h"
#include "files/unique_fd.h"

namespace botbottle::files {
namespace {

tl::unexpected<Error> unsafe(const std::string& path, const std::string& why) {
    return failure("unsafe_directory", path + " " + why,
                   "look at it, and remove it if it is not yours: `ls -ld " + path + "`");
}

Result<void> make_parents(const std::string& path) {
    for (std::size_t slash = path.find('/', 1); slash != std::string::npos;
         slash = path.find('/', slash + 1)) {
        const std::string parent = path.substr(0, slash);
        if (mkdir(parent.c_str(), 0700) != 0 && errno != EEXIST && errno != EROFS)
            return system_failure("cannot_create", "create", parent);
    }
    return {};
}

}  // namespace

Result<void> check_private_directory(const std::string& path) {
    // One descriptor, so that what is checked is what is narrowed.
    const UniqueFd directory(
        open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
    if (!directory && errno == ENOENT) return system_failure("not_found", "open", path);
    if (!directory && (errno == ELOOP || errno == ENOTDIR))
        return unsafe(path, "is a symlink or a file, not a directory");
    if (!directory) return system_failure("unsafe_directory", "open", path);
    struct stat status = {};
    if (fstat(directory.get(), &status) != 0)
        return system_failure("unsafe_directory", "look at", path);
    if (status.st_uid != geteuid())
        return unsafe(path, "belongs to user " + std::to_string(status.st_uid) + ", not to you");
    // Also /tmp, which must not become ours alone because somebody named it.
    if ((status.st_mode & S_IWOTH) != 0)
        return failure("unsafe_directory",
                       path + " can be written by everybody, so nothing in it can be trusted",
                       "name another one, or `chmod 700 " + path + "` if it is yours alone");
    if ((status.st_mode & 077) != 0 && fchmod(directory.get(), 0700) != 0)
        return system_failure("unsafe_directory", "narrow the mode of", path);
    return {};
}

Result<void> make_private_directory(const std::string& path) {
    if (auto parents = make_parents(path); !parents) return parents;
    if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
        return system_failure("cannot_create", "create", path);
    return check_private_directory(path);
}

}  // namespace botbottle::files
