#include "files/tree_mirror.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <optional>
#include <vector>

#include "files/copy_content.h"
#include "files/directory_reader.h"
#include "files/system_error.h"
#include "files/tree_removal.h"

namespace botbottle::files {
namespace {

// Each level holds two descriptors and a stack frame.
constexpr int kDeepest = 400;
constexpr mode_t kPermissions = 0777;  // no set-user-id bit comes out of a bottle

std::optional<struct stat> look(int directory, const std::string& name) {
    struct stat status = {};
    if (fstatat(directory, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return std::nullopt;
    return status;
}

bool is_mirrored(const struct stat& status) {
    return S_ISREG(status.st_mode) || S_ISDIR(status.st_mode) || S_ISLNK(status.st_mode);
}

std::optional<std::string> link_target(int directory, const std::string& name) {
    char target[PATH_MAX] = {};
    const ssize_t size = readlinkat(directory, name.c_str(), target, sizeof target);
    if (size < 0 || size == static_cast<ssize_t>(sizeof target)) return std::nullopt;
    return std::string(target, static_cast<std::size_t>(size));
}

// As many bytes as there are, up to the buffer's size.
ssize_t fill(int file, std::vector<char>& buffer) {
    std::size_t filled = 0;
    while (filled < buffer.size()) {
        const ssize_t count = read(file, buffer.data() + filled, buffer.size() - filled);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return -1;
        if (count == 0) break;
        filled += static_cast<std::size_t>(count);
    }
    return static_cast<ssize_t>(filled);
}

bool same_content(int a, int b) {
    constexpr std::size_t kBlock = 256 * 1024;
    std::vector<char> left(kBlock);
    std::vector<char> right(kBlock);
    for (;;) {
        const ssize_t count = fill(a, left);
        if (count < 0 || fill(b, right) != count ||
            !std::equal(left.begin(), left.begin() + count, right.begin()))
            return false;
        if (count == 0) return true;
    }
}

class TreeMirror {
  public:
    TreeMirror(const std::set<std::string>& keep, Absent absent) : keep_(keep), absent_(absent) {}

    Result<void> directory(int from, int to, const std::string& path, int depth) {
        if (depth > kDeepest)
            return failure("tree_too_deep", path + " is nested deeper than " +
                                                std::to_string(kDeepest) + " directories");
        const std::vector<std::string> names = names_in(from);
        for (const std::string& name : names_in(to)) {
            if (absent_ == Absent::kKept) break;
            if (std::binary_search(names.begin(), names.end(), name)) continue;
            if (auto done = remove(to, name, entry_path(path, name)); !done) return done;
        }
        for (const std::string& name : names) {
            if (auto done = entry(from, to, name, entry_path(path, name), depth); !done)
                return done;
        }
        return {};
    }

  private:
    Result<void> entry(int from, int to, const std::string& name, const std::string& path,
                       int depth) {
        if (keep_.count(path) != 0) return {};
        const auto wanted = look(from, name);
        const auto found = look(to, name);
        const bool stays =
            wanted && found && (wanted->st_mode & S_IFMT) == (found->st_mode & S_IFMT);
        if (found && !stays) {
            if (auto done = remove(to, name, path); !done) return done;
        }
        if (!wanted || !is_mirrored(*wanted)) return {};
        if (S_ISDIR(wanted->st_mode)) return subdirectory(from, to, name, path, *wanted, depth);
        if (S_ISLNK(wanted->st_mode)) return symlink(from, to, name, path, stays);
        return file(from, to, name, path, stays);
    }

    Result<void> subdirectory(int from, int to, const std::string& name, const std::string& path,
                              const struct stat& status, int depth) {
        UniqueFd source = open_directory_at(from, name.c_str());
        if (!source && errno == EACCES) source = open_closed_directory_at(from, name.c_str());
        if (!source) return system_failure("cannot_copy", "read", path);
        if (mkdirat(to, name.c_str(), 0700) != 0 && errno != EEXIST) return cannot_write(path);
        UniqueFd target = open_directory_at(to, name.c_str());
        if (!target && errno == EACCES) target = open_closed_directory_at(to, name.c_str());
        if (!target) return cannot_write(path);
        if (auto done = directory(source.get(), target.get(), path, depth + 1); !done) return done;
        return give_mode(target.get(), status, path);
    }

    Result<void> symlink(int from, int to, const std::string& name, const std::string& path,
                         bool stays) {
        const auto target = link_target(from, name);
        if (!target) return system_failure("cannot_copy", "read", path);
        if (stays) {
            if (link_target(to, name) == target) return {};
            if (auto done = remove(to, name, path); !done) return done;
        }
        if (symlinkat(target->c_str(), to, name.c_str()) != 0) return cannot_write(path);
        return {};
    }

    Result<void> file(int from, int to, const std::string& name, const std::string& path,
                      bool stays) {
        constexpr int kFlags = O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
        const UniqueFd source(openat(from, name.c_str(), O_RDONLY | kFlags));
        struct stat status = {};
        if (!source || fstat(source.get(), &status) != 0)
            return system_failure("cannot_copy", "read", path);
        if (stays) {
            const UniqueFd present(openat(to, name.c_str(), O_RDONLY | kFlags));
            struct stat known = {};
            const bool same = present && fstat(present.get(), &known) == 0 &&
                              known.st_size == status.st_size &&
                              same_content(source.get(), present.get());
            if (same) return give_mode(present.get(), status, path);
            if (auto done = remove(to, name, path); !done) return done;
            if (lseek(source.get(), 0, SEEK_SET) != 0)
                return system_failure("cannot_copy", "read", path);
        }
        const UniqueFd target(openat(to, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | kFlags, 0600));
        if (!target || !copy_content(source.get(), target.get())) return cannot_write(path);
        const struct timespec times[2] = {status.st_atim, status.st_mtim};
        if (futimens(target.get(), times) != 0) return cannot_write(path);
        return give_mode(target.get(), status, path);
    }

    // Only when it differs: even the same mode again would set the change time.
    static Result<void> give_mode(int fd, const struct stat& wanted, const std::string& path) {
        struct stat found = {};
        if (fstat(fd, &found) != 0) return cannot_write(path);
        if (((found.st_mode ^ wanted.st_mode) & kPermissions) == 0) return {};
        if (fchmod(fd, wanted.st_mode & kPermissions) != 0) return cannot_write(path);
        return {};
    }

    // With everything below it, unless something there is to be kept.
    Result<void> remove(int directory, const std::string& name, const std::string& path) {
        const auto below = keep_.lower_bound(path + '/');
        const bool holds_kept = below != keep_.end() && below->starts_with(path + '/');
        if (holds_kept || keep_.count(path) != 0) return {};
        return remove_tree("/proc/self/fd/" + std::to_string(directory) + '/' + name);
    }

    static Result<void> cannot_write(const std::string& path) {
        return system_failure("cannot_copy", "write", path);
    }

    const std::set<std::string>& keep_;
    const Absent absent_;
};

}  // namespace

Result<void> mirror_tree(const std::string& source, const std::string& destination,
                         const std::set<std::string>& keep, Absent absent) {
    const UniqueFd from = open_directory_at(AT_FDCWD, source.c_str());
    if (!from) return system_failure("cannot_read", "open", source);
    const UniqueFd to = open_directory_at(AT_FDCWD, destination.c_str());
    if (!to) return system_failure("cannot_write", "open", destination);
    return TreeMirror(keep, absent).directory(from.get(), to.get(), "", 0);
}

}  // namespace botbottle::files
