#include "files/tree_copy.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <climits>
#include <cstring>

#include "files/copy_content.h"
#include "files/directory_reader.h"
#include "files/system_error.h"

namespace botbottle::files {
namespace {

// Each level holds two descriptors and a stack frame.
constexpr int kDeepest = 400;
constexpr std::uint64_t kProgressEveryFiles = 256;

struct Identity {
    dev_t device;
    ino_t inode;
};

class TreeCopier {
  public:
    explicit TreeCopier(const CopyOptions& options) : options_(options) {
        for (const std::string& path : options.never_enter) {
            struct stat status = {};
            if (stat(path.c_str(), &status) == 0)
                never_enter_.push_back({status.st_dev, status.st_ino});
        }
    }

    Result<void> directory(int from, int to, const std::string& path, int depth) {
        if (depth > kDeepest)
            return failure("tree_too_deep", path + " is nested deeper than " +
                                                std::to_string(kDeepest) + " directories");
        for (const std::string& name : names_in(from)) {
            const std::string entry = entry_path(path, name);
            if (auto done = this->entry(from, to, name, entry, depth); !done) return done;
        }
        return {};
    }

    CopySummary take_summary() { return std::move(summary_); }

  private:
    Result<void> entry(int from, int to, const std::string& name, const std::string& path,
                       int depth) {
        struct stat status = {};
        if (fstatat(from, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0)
            return skip(path, std::strerror(errno));
        if (options_.exclude.excludes(path, S_ISDIR(status.st_mode))) return {};
        switch (status.st_mode & S_IFMT) {
            case S_IFDIR:
                return subdirectory(from, to, name, path, status, depth);
            case S_IFREG:
                return file(from, to, name, path);
            case S_IFLNK:
                return symlink(from, to, name, path, status);
            case S_IFIFO:
                return skip(path, "is a FIFO");
            case S_IFSOCK:
                return skip(path, "is a socket");
            default:
                return skip(path, "is a device");
        }
    }

    Result<void> subdirectory(int from, int to, const std::string& name, const std::string& path,
                              const struct stat& status, int depth) {
        for (const Identity& barred : never_enter_) {
            if (barred.device == status.st_dev && barred.inode == status.st_ino)
                return skip(path, "belongs to botbottle");
        }
        const UniqueFd source = open_directory_at(from, name.c_str());
        if (!source) return skip(path, std::strerror(errno));
        // Private until it is filled: its own mode may not even let us write.
        if (mkdirat(to, name.c_str(), 0700) != 0) return cannot_write(path);
        const UniqueFd target = open_directory_at(to, name.c_str());
        if (!target) return cannot_write(path);
        summary_.source.record(path, status);
        if (auto done = directory(source.get(), target.get(), path, depth + 1); !done) return done;
        return finish(target.get(), status, path);
    }

    Result<void> file(int from, int to, const std::string& name, const std::string& path) {
        const UniqueFd source(
            openat(from, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
        if (!source) return skip(path, std::strerror(errno));
        struct stat status = {};
        // Asked again on the open file: the name may have changed hands since it was listed.
        if (fstat(source.get(), &status) != 0 || !S_ISREG(status.st_mode))
            return skip(path, "changed while it was copied");
        const UniqueFd target(
            openat(to, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
        if (!target || !copy_content(source.get(), target.get())) return cannot_write(path);
        if (auto done = finish(target.get(), status, path); !done) return done;
        summary_.source.record(path, status);
        summary_.copied.bytes += static_cast<std::uint64_t>(status.st_size);
        if (++summary_.copied.files % kProgressEveryFiles == 0) return report();
        return {};
    }

    Result<void> symlink(int from, int to, const std::string& name, const std::string& path,
                         const struct stat& status) {
        char target[PATH_MAX] = {};
        const ssize_t size = readlinkat(from, name.c_str(), target, sizeof target - 1);
        if (size < 0) return skip(path, std::strerror(errno));
        target[size] = '\0';
        if (symlinkat(target, to, name.c_str()) != 0) return cannot_write(path);
        summary_.source.record(path, status);
        const struct timespec times[2] = {status.st_atim, status.st_mtim};
        if (options_.owner && fchownat(to, name.c_str(), options_.owner->uid, options_.owner->gid,
                                       AT_SYMLINK_NOFOLLOW) != 0)
            return cannot_write(path);
        (void)utimensat(to, name.c_str(), times, AT_SYMLINK_NOFOLLOW);
        return {};
    }

    // Owner before mode: a change of owner clears mode bits.
    Result<void> finish(int fd, const struct stat& status, const std::string& path) {
        const struct timespec times[2] = {status.st_atim, status.st_mtim};
        if (options_.owner && fchown(fd, options_.owner->uid, options_.owner->gid) != 0)
            return cannot_write(path);
        if (fchmod(fd, status.st_mode & 0777) != 0 || futimens(fd, times) != 0)
            return cannot_write(path);
        return {};
    }

    Result<void> skip(const std::string& path, const std::string& reason) {
        summary_.skipped.push_back({path, reason});
        return {};
    }

    static Result<void> cannot_write(const std::string& path) {
        return system_failure("cannot_copy", "copy", path);
    }

    Result<void> report() {
        if (options_.progress && !options_.progress(summary_.copied))
            return failure("cancelled", "the copy of the workspace was stopped");
        return {};
    }

    const CopyOptions& options_;
    std::vector<Identity> never_enter_;
    CopySummary summary_;
};

}  // namespace

Result<CopySummary> copy_tree(const std::string& source, const std::string& destination,
                              const CopyOptions& options) {
    // The operator names the source: a symlink there is meant.
    const UniqueFd from(open(source.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!from) return system_failure("cannot_read", "open", source);
    const UniqueFd to(open(destination.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!to) return system_failure("cannot_write", "open", destination);
    CopyOptions own = options;
    own.never_enter.push_back(destination);
    TreeCopier copier(own);
    if (auto done = copier.directory(from.get(), to.get(), "", 0); !done)
        return tl::make_unexpected(done.error());
    return copier.take_summary();
}

}  // namespace botbottle::files
