#include "files/atomic_file.h"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>

#include "files/system_error.h"
#include "files/unique_fd.h"

namespace botbottle::files {
namespace {

std::string directory_of(const std::string& path) {
    const auto slash = path.rfind('/');
    if (slash == std::string::npos) return ".";
    return slash == 0 ? "/" : path.substr(0, slash);
}

std::string temporary_name(const std::string& path) {
    unsigned long long random = 0;
    (void)!getrandom(&random, sizeof random, 0);
    char suffix[32];
    std::snprintf(suffix, sizeof suffix, ".%016llx.tmp", random);
    const auto slash = path.rfind('/');
    return "." + (slash == std::string::npos ? path : path.substr(slash + 1)) + suffix;
}

bool write_all(int fd, std::string_view content) {
    while (!content.empty()) {
        const ssize_t written = ::write(fd, content.data(), content.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return false;
        content.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

// Everything up to the rename; the caller removes the temporary file when this fails.
bool fill(int fd, std::string_view content, const WriteOptions& options) {
    if (!write_all(fd, content)) return false;
    // open() applied the umask; the mode asked for is exact.
    if (fchmod(fd, options.mode) != 0) return false;
    return options.durability == Durability::kSurvivesProcess || fsync(fd) == 0;
}

}  // namespace

Result<void> write_atomically(const std::string& path, std::string_view content,
                              const WriteOptions& options) {
    const std::string directory = directory_of(path);
    const UniqueFd parent(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!parent) return system_failure("cannot_write", "open the directory of", path);

    const std::string temporary = temporary_name(path);
    UniqueFd file(openat(parent.get(), temporary.c_str(),
                         O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!file) return system_failure("cannot_write", "create a file beside", path);

    const std::string name = path.substr(path.rfind('/') + 1);
    if (!fill(file.get(), content, options) ||
        renameat(parent.get(), temporary.c_str(), parent.get(), name.c_str()) != 0) {
        auto error = system_failure("cannot_write", "write", path);
        unlinkat(parent.get(), temporary.c_str(), 0);
        return error;
    }
    if (options.durability == Durability::kSurvivesPowerLoss && fsync(parent.get()) != 0)
        return system_failure("cannot_write", "sync the directory of", path);
    return {};
}

Result<std::string> read_file(const std::string& path, std::size_t limit) {
    // O_NONBLOCK: opening a FIFO must not wait for a writer.
    const UniqueFd file(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    if (!file) return system_failure(errno == ENOENT ? "not_found" : "cannot_read", "read", path);
    struct stat status = {};
    if (fstat(file.get(), &status) != 0) return system_failure("cannot_read", "read", path);
    if (!S_ISREG(status.st_mode))
        return failure("not_a_file", "cannot read " + path + ": it is not a regular file");

    std::string content;
    char buffer[65536];
    for (;;) {
        const ssize_t count = read(file.get(), buffer, sizeof buffer);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return system_failure("cannot_read", "read", path);
        if (count == 0) return content;
        if (content.size() + static_cast<std::size_t>(count) > limit)
            return failure("file_too_large",
                           path + " is larger than " + std::to_string(limit) + " bytes");
        content.append(buffer, static_cast<std::size_t>(count));
    }
}

}  // namespace botbottle::files
