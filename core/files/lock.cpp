#include "files/lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>

#include "files/system_error.h"

namespace botbottle::files {
namespace {

std::string holder_of(int fd) {
    char buffer[32] = {};
    const ssize_t count = pread(fd, buffer, sizeof buffer - 1, 0);
    return count > 0 ? std::string(buffer, static_cast<std::size_t>(count)) : "unknown";
}

// The holder before us may have removed the file while we waited: then our lock is on a file
// without a name, and somebody else can lock its successor.
bool still_named(int fd, const std::string& path) {
    struct stat held = {};
    struct stat named = {};
    return fstat(fd, &held) == 0 && lstat(path.c_str(), &named) == 0 &&
           held.st_dev == named.st_dev && held.st_ino == named.st_ino;
}

void sign(int fd) {
    const std::string pid = std::to_string(getpid());
    // Only for the message that a waiting command shows.
    (void)!ftruncate(fd, 0);
    (void)!pwrite(fd, pid.data(), pid.size(), 0);
}

}  // namespace

Result<FileLock> FileLock::acquire(const std::string& path,
                                   const std::function<void(const std::string&)>& waiting) {
    for (;;) {
        UniqueFd file(open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
        if (!file) return system_failure("cannot_lock", "open the lock", path);
        if (flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
            if (waiting) waiting(holder_of(file.get()));
            if (flock(file.get(), LOCK_EX) != 0)
                return system_failure(errno == EINTR ? "interrupted" : "cannot_lock", "lock", path);
        }
        if (!still_named(file.get(), path)) continue;
        sign(file.get());
        return FileLock(path, std::move(file));
    }
}

void FileLock::release_and_remove() && {
    unlink(path_.c_str());
    file_.reset();
}

}  // namespace botbottle::files
