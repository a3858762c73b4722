#include "guest_files.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "fail.h"
#include "files.h"

namespace host_bottle {

GuestPath locate(const Bottle& bottle, const std::string& guest_path) {
    const struct {
        std::string guest;
        std::string host;
        bool agent_owned;
    } trees[] = {{kGuestHome, bottle.home(), true},
                 {kGuestWorkspace, bottle.workspace(), true},
                 {"/etc", bottle.etc(), false}};
    for (const auto& tree : trees) {
        if (!lies_in(guest_path, tree.guest)) continue;
        const std::size_t begin = std::min(tree.guest.size() + 1, guest_path.size());
        return {tree.host, guest_path.substr(begin), tree.agent_owned};
    }
    fail_invalid(guest_path + " is neither in the home, the workspace nor /etc");
}

UniqueFd open_root(const std::string& path) {
    UniqueFd root(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!root) fail_errno(path);
    return root;
}

UniqueFd open_beneath(int root, const std::string& relative, int flags, mode_t mode) {
    open_how how = {};
    how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    how.mode = mode;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV;
    const char* const path = relative.empty() ? "." : relative.c_str();
    return UniqueFd(static_cast<int>(syscall(SYS_openat2, root, path, &how, sizeof how)));
}

UniqueFd open_regular(int directory, const std::string& name) {
    UniqueFd file = open_beneath(directory, name, O_RDONLY);
    struct stat status = {};
    if (!file || fstat(file.get(), &status) != 0) return {};
    if (S_ISREG(status.st_mode)) return file;
    errno = ENOTSUP;
    return {};
}

}  // namespace host_bottle
