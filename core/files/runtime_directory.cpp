#include "files/runtime_directory.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "files/private_directory.h"

namespace botbottle::files {
namespace {

// sun_path holds 107 bytes; an identity and "/sockets/supervise.sock" take up to 63 of them.
constexpr std::size_t kLongestRoot = 44;

bool usable(const char* directory) {
    struct stat status = {};
    return directory != nullptr && directory[0] == '/' && lstat(directory, &status) == 0 &&
           S_ISDIR(status.st_mode) && status.st_uid == geteuid() && (status.st_mode & 022) == 0;
}

}  // namespace

std::string runtime_root() {
    if (const char* session = std::getenv("XDG_RUNTIME_DIR"); usable(session)) {
        std::string root = std::string(session) + "/botbottle";
        if (root.size() <= kLongestRoot) return root;
    }
    return "/tmp/botbottle-" + std::to_string(geteuid());
}

Result<std::string> make_runtime_directory(const std::string& name) {
    const std::string root = runtime_root();
    if (auto made = make_private_directory(root); !made) return tl::make_unexpected(made.error());
    std::string path = root + "/" + name;
    if (auto made = make_private_directory(path); !made) return tl::make_unexpected(made.error());
    return path;
}

}  // namespace botbottle::files
