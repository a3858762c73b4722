#include "runtime_root.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "fail.h"
#include "files.h"
#include "session_socket.h"
#include "tree_copy.h"

namespace host_bottle {
namespace {

// A directory of ours that others have none of these permissions for.
bool is_own_directory(const std::string& path, mode_t closed) {
    struct stat status = {};
    return lstat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode) &&
           status.st_uid == geteuid() && (status.st_mode & closed) == 0;
}

bool is_runtime_root(const std::string& path) {
    return is_own_directory(path, 022);
}
bool is_runtime_dir(const std::string& path) {
    return is_own_directory(path, 077);
}

struct CloseDirectory {
    void operator()(DIR* directory) const { closedir(directory); }
};

}  // namespace

std::vector<Bottle> bottles_in(const std::string& root, const std::string& directory) {
    std::vector<Bottle> bottles;
    if (!exists(root)) return bottles;
    if (!is_runtime_root(root)) fail("not_ours", root + " is not a private directory of ours");
    const std::unique_ptr<DIR, CloseDirectory> stream(opendir(root.c_str()));
    if (!stream) fail_errno(root);
    while (const dirent* const entry = readdir(stream.get())) {
        const std::string name = entry->d_name;
        std::string path = root;
        path.append("/").append(name);
        if (is_identity(name) && is_runtime_dir(path)) {
            bottles.push_back(bottle_in(path, directory));
        }
    }
    std::sort(bottles.begin(), bottles.end(),
              [](const Bottle& a, const Bottle& b) { return a.identity < b.identity; });
    return bottles;
}

bool has_files(const Bottle& bottle) {
    return exists(bottle.record()) || exists(bottle.session_socket()) ||
           exists(bottle.etc_marker());
}

Bottle bottle_at(const std::string& runtime_dir, const std::string& directory) {
    Bottle bottle = bottle_in(runtime_dir, directory);
    if (!is_identity(bottle.identity) || !is_runtime_root(parent_of(bottle.runtime_dir)) ||
        !is_runtime_dir(bottle.runtime_dir) || !has_files(bottle)) {
        fail_invalid(runtime_dir + " is not a bottle's runtime directory");
    }
    return bottle;
}

void remove_runtime_files(const Bottle& bottle) {
    if (answers(bottle)) {
        fail("still_running", "the bottle " + bottle.identity + " runs",
             "stop it, or end the process that has " + bottle.session_socket() + " open");
    }
    remove_tree(bottle.etc());
    unlink(bottle.session_socket().c_str());
    unlink(bottle.record().c_str());
    if (bottle.place != bottle.runtime_dir) rmdir(bottle.place.c_str());
    rmdir(bottle.runtime_dir.c_str());
}

}  // namespace host_bottle
