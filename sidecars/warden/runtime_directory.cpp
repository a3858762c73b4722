// The bottle's directory of sockets.
#include "warden/runtime_directory.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace botbottle::warden {
namespace {

using control::Descriptor;

constexpr const char* kSockets = "sockets";

tl::unexpected<Error> system_failure(const std::string& what) {
    return failure("runtime_dir", what + ": " + std::strerror(errno));
}

// A directory below `parent` (or AT_FDCWD), made when it is missing, and ours.
Result<Descriptor> own_directory(int parent, const std::string& name, const std::string& shown) {
    if (mkdirat(parent, name.c_str(), 0700) != 0 && errno != EEXIST)
        return system_failure("cannot make " + shown);
    Descriptor directory(
        openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!directory) return system_failure("cannot open the directory " + shown);
    struct stat status = {};
    if (fstat(directory.get(), &status) != 0) return system_failure("cannot examine " + shown);
    if (status.st_uid != geteuid())
        return failure("runtime_dir_foreign", shown + " belongs to another user",
                       "remove it, or choose another directory with XDG_RUNTIME_DIR");
    return directory;
}

Result<void> refuse_open_to_others(int directory, const std::string& shown) {
    struct stat status = {};
    if (fstat(directory, &status) != 0) return system_failure("cannot examine " + shown);
    if ((status.st_mode & 077) == 0) return {};
    return failure("runtime_dir_open", shown + " can be entered by other users",
                   "chmod 700 " + shown);
}

// bind and connect take a path and no directory descriptor: the working directory is the way to be
// sure of the directory, and keeps the path short.
class WorkingDirectory {
  public:
    explicit WorkingDirectory(int directory)
        : previous_(::open(".", O_PATH | O_DIRECTORY | O_CLOEXEC)),
          entered_(previous_ && fchdir(directory) == 0) {}
    WorkingDirectory(const WorkingDirectory&) = delete;
    WorkingDirectory& operator=(const WorkingDirectory&) = delete;
    ~WorkingDirectory() {
        if (entered_) (void)!fchdir(previous_.get());
    }
    bool entered() const { return entered_; }

  private:
    Descriptor previous_;
    bool entered_;
};

sockaddr_un address_of(std::string_view name) {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    name.copy(address.sun_path, sizeof address.sun_path - 1);
    return address;
}

bool somebody_listens(const sockaddr_un& address) {
    const Descriptor probe(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    return connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

}  // namespace

std::string socket_path(const std::string& runtime_dir, std::string_view name) {
    return runtime_dir + '/' + kSockets + '/' + std::string(name);
}

Result<RuntimeDirectory> RuntimeDirectory::open(const std::string& path,
                                                const std::optional<Owner>& owner) {
    auto directory = own_directory(AT_FDCWD, path, path);
    if (!directory) return tl::make_unexpected(directory.error());
    if (auto closed = refuse_open_to_others(directory->get(), path); !closed)
        return tl::make_unexpected(closed.error());
    auto sockets = own_directory(directory->get(), kSockets, path + '/' + kSockets);
    if (!sockets) return tl::make_unexpected(sockets.error());
    const bool foreign = owner && owner->uid != geteuid();
    if (fchmod(sockets->get(), foreign ? 0711 : 0700) != 0)
        return system_failure("cannot set the mode of " + path + '/' + kSockets);
    return RuntimeDirectory(path, foreign ? owner : std::nullopt, *std::move(directory),
                            *std::move(sockets));
}

RuntimeDirectory::RuntimeDirectory(std::string path, const std::optional<Owner>& owner,
                                   Descriptor directory, Descriptor sockets)
    : path_(std::move(path)),
      owner_(owner),
      directory_(std::move(directory)),
      sockets_(std::move(sockets)) {}

RuntimeDirectory::~RuntimeDirectory() {
    if (!directory_) return;  // moved from
    for (const Socket& socket : bound_)
        unlinkat(socket.directory, socket.name.c_str(), 0);
    unlinkat(directory_.get(), kSockets, AT_REMOVEDIR);
    rmdir(path_.c_str());
}

std::string RuntimeDirectory::host_path(std::string_view name) const {
    return path_ + '/' + std::string(name);
}

Result<Descriptor> RuntimeDirectory::listen(int directory, std::string_view name) {
    const std::string what = "cannot listen on " + std::string(name) + " in " + path_;
    const WorkingDirectory inside(directory);
    if (!inside.entered()) return system_failure(what);
    const sockaddr_un address = address_of(name);
    if (somebody_listens(address))
        return failure("already_running", "a warden already serves " + path_,
                       "stop that bottle first");
    // What a warden that was killed left behind.
    if (unlink(address.sun_path) != 0 && errno != ENOENT) return system_failure(what);
    Descriptor listener(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!listener) return system_failure(what);
    const mode_t mask = umask(0177);
    const int bound =
        bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
    umask(mask);
    if (bound != 0) return system_failure(what);
    bound_.push_back({directory, std::string(name)});
    if (::listen(listener.get(), SOMAXCONN) != 0) return system_failure(what);
    return listener;
}

Result<Descriptor> RuntimeDirectory::listen_for_host(std::string_view name) {
    return listen(directory_.get(), name);
}

Result<Descriptor> RuntimeDirectory::listen_for_bottle(std::string_view name) {
    auto listener = listen(sockets_.get(), name);
    if (!listener || !owner_) return listener;
    const std::string file(name);
    const int changed = geteuid() == 0 ? fchownat(sockets_.get(), file.c_str(), owner_->uid,
                                                  owner_->gid, AT_SYMLINK_NOFOLLOW)
                                       : fchmodat(sockets_.get(), file.c_str(), 0666, 0);
    if (changed != 0) return system_failure("cannot give " + file + " to the bottle's user");
    return listener;
}

}  // namespace botbottle::warden
