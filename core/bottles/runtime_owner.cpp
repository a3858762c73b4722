#include "bottles/runtime_owner.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "files/atomic_file.h"
#include "files/directory_reader.h"
#include "files/runtime_directory.h"

namespace botbottle {
namespace {

constexpr const char* kSignature = "/state_dir";
constexpr std::size_t kLongestPath = 4096;
// By the sticky bit cleaners of /tmp and of $XDG_RUNTIME_DIR know what is still used.
constexpr mode_t kMode = 01600;

bool same_directory(const std::string& one, const std::string& other) {
    struct stat first = {};
    struct stat second = {};
    return stat(one.c_str(), &first) == 0 && stat(other.c_str(), &second) == 0 &&
           first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

bool exists(const std::string& path) {
    struct stat status = {};
    return stat(path.c_str(), &status) == 0;
}

}  // namespace

Result<void> sign_runtime_directory(const QString& runtime_dir, const QString& state_dir) {
    return files::write_atomically(runtime_dir.toStdString() + kSignature, state_dir.toStdString(),
                                   {kMode, files::Durability::kSurvivesProcess});
}

std::set<QString> bottles_of_other_homes(const Home& home) {
    std::set<QString> identities;
    const std::string root = files::runtime_root();
    const std::string own = home.state_root().toStdString();
    const UniqueFd directory = files::open_directory_at(AT_FDCWD, root.c_str());
    if (!directory) return identities;
    for (const std::string& name : files::names_in(directory.get())) {
        std::string signature = root;
        signature.append("/").append(name).append(kSignature);
        const auto state = files::read_file(signature, kLongestPath);
        if (state && exists(*state) && !same_directory(*state + "/..", own))
            identities.insert(QString::fromStdString(name));
    }
    return identities;
}

}  // namespace botbottle
