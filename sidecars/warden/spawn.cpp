#include "warden/spawn.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

namespace botbottle::warden {
namespace {

using control::Descriptor;

constexpr int kFirst = 3;

class FileActions {
  public:
    FileActions() { posix_spawn_file_actions_init(&actions_); }
    FileActions(const FileActions&) = delete;
    FileActions& operator=(const FileActions&) = delete;
    ~FileActions() { posix_spawn_file_actions_destroy(&actions_); }
    posix_spawn_file_actions_t* get() { return &actions_; }

  private:
    posix_spawn_file_actions_t actions_ = {};
};

class Attributes {
  public:
    // The warden blocks and ignores signals; its children start with none blocked, none ignored.
    Attributes() {
        posix_spawnattr_init(&attributes_);
        sigset_t signals;
        sigemptyset(&signals);
        posix_spawnattr_setsigmask(&attributes_, &signals);
        sigfillset(&signals);
        posix_spawnattr_setsigdefault(&attributes_, &signals);
        posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    }
    Attributes(const Attributes&) = delete;
    Attributes& operator=(const Attributes&) = delete;
    ~Attributes() { posix_spawnattr_destroy(&attributes_); }
    const posix_spawnattr_t* get() const { return &attributes_; }

  private:
    posix_spawnattr_t attributes_ = {};
};

}  // namespace

Result<Child> spawn(const std::string& program, std::span<const int> descriptors) {
    const auto cannot = [&](int error) {
        return failure("sidecar_spawn", "cannot start " + program + ": " + std::strerror(error));
    };
    // Copied above the numbers that the child is to see, so that no dup2 overwrites a later source.
    const int above = kFirst + static_cast<int>(descriptors.size());
    std::vector<Descriptor> sources;
    FileActions actions;
    for (const int descriptor : descriptors) {
        sources.emplace_back(fcntl(descriptor, F_DUPFD_CLOEXEC, above));
        if (!sources.back()) return cannot(errno);
        posix_spawn_file_actions_adddup2(actions.get(), sources.back().get(),
                                         kFirst + static_cast<int>(sources.size()) - 1);
    }
    posix_spawn_file_actions_addclosefrom_np(actions.get(), above);
    char* const argv[] = {const_cast<char*>(program.c_str()), nullptr};
    char* const environment[] = {nullptr};
    Child child;
    const Attributes attributes;
    const int error = posix_spawn(&child.pid, program.c_str(), actions.get(), attributes.get(),
                                  argv, environment);
    if (error != 0) return cannot(error);
    // Not reaped yet, so the pid is still this child's.
    child.pidfd = Descriptor(static_cast<int>(syscall(SYS_pidfd_open, child.pid, 0)));
    if (!child.pidfd) return cannot(errno);
    return child;
}

}  // namespace botbottle::warden
