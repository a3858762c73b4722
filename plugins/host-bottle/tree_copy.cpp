#include "tree_copy.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <memory>

#include "fail.h"
#include "guest_files.h"

namespace host_bottle {
namespace {

// Each level holds three descriptors open.
constexpr unsigned kMaxDepth = 128;
constexpr std::size_t kMaxReported = 1000;
constexpr mode_t kPermissions = 0777;  // no set-user-id on the way

struct CloseDirectory {
    void operator()(DIR* directory) const { closedir(directory); }
};

// One run of data. Within the kernel where the filesystems allow it.
void copy_range(int source, int target, off_t begin, off_t end, const std::string& name) {
    off_t from = begin;
    off_t to = begin;
    while (from < end) {
        const auto left = static_cast<std::size_t>(end - from);
        const ssize_t copied = copy_file_range(source, &from, target, &to, left, 0);
        if (copied == 0) return;  // it became shorter
        if (copied < 0) break;
    }
    std::array<char, 64 * 1024> buffer;
    while (from < end) {
        const auto left = std::min(buffer.size(), static_cast<std::size_t>(end - from));
        const ssize_t size = pread(source, buffer.data(), left, from);
        if (size < 0 && errno == EINTR) continue;
        if (size < 0) fail_errno(name);
        if (size == 0) return;
        if (pwrite(target, buffer.data(), static_cast<std::size_t>(size), from) != size) {
            fail_errno(name);
        }
        from += size;
    }
}

}  // namespace

std::vector<std::string> names_in(int directory) {
    const std::unique_ptr<DIR, CloseDirectory> stream(fdopendir(dup(directory)));
    std::vector<std::string> names;
    if (!stream) return names;
    rewinddir(stream.get());
    while (const dirent* const entry = readdir(stream.get())) {
        const std::string name = entry->d_name;
        if (name != "." && name != "..") names.push_back(name);
    }
    return names;
}

bool is_contained_link(const std::string& target, unsigned depth) {
    if (target.empty() || target.front() == '/') return false;
    unsigned up = 0;
    bool descended = false;
    for (std::size_t begin = 0; begin <= target.size();) {
        const std::size_t end = std::min(target.find('/', begin), target.size());
        const std::string part = target.substr(begin, end - begin);
        begin = end + 1;
        if (part == "..") {
            if (descended || ++up > depth) return false;
        } else if (!part.empty() && part != ".") {
            descended = true;
        }
    }
    return true;
}

std::uint64_t copy_data(int source, int target, const std::string& name) {
    struct stat status = {};
    if (fstat(source, &status) != 0) fail_errno(name);
    if (ioctl(target, FICLONE, source) == 0) return static_cast<std::uint64_t>(status.st_size);
    // The length first: what is not written stays a hole, and an agent's huge empty file stays
    // empty.
    if (ftruncate(target, status.st_size) != 0) fail_errno(name);
    for (off_t begin = 0; begin < status.st_size;) {
        begin = lseek(source, begin, SEEK_DATA);
        if (begin < 0) break;  // no more data
        off_t end = lseek(source, begin, SEEK_HOLE);
        if (end < 0 || end > status.st_size) end = status.st_size;
        copy_range(source, target, begin, end, name);
        begin = end;
    }
    return static_cast<std::uint64_t>(status.st_size);
}

std::string temporary_name() {
    std::array<unsigned char, 8> random;
    if (getrandom(random.data(), random.size(), 0) != static_cast<ssize_t>(random.size())) {
        fail_errno("getrandom");
    }
    std::string name = ".botbottle-";
    for (const unsigned char byte : random) {
        name += "0123456789abcdef"[byte >> 4];
        name += "0123456789abcdef"[byte & 15];
    }
    return name;
}

void TreeCopy::copy(int source, const std::string& source_name, int target,
                    const std::string& target_name) {
    copy_entry(source, source_name, target, target_name, "", 0);
}

void TreeCopy::copy_entry(int source, const std::string& source_name, int target,
                          const std::string& target_name, const std::string& path, unsigned depth) {
    struct stat status = {};
    if (fstatat(source, source_name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
        return skip(path, std::strerror(errno));
    }
    switch (status.st_mode & S_IFMT) {
        case S_IFREG:
            return copy_file(source, source_name, target, target_name, path);
        case S_IFDIR:
            return copy_directory(source, source_name, target, target_name, path, depth);
        case S_IFLNK:
            return copy_link(source, source_name, target, target_name, path, depth);
        case S_IFIFO:
            return skip(path, "a FIFO");
        case S_IFSOCK:
            return skip(path, "a socket");
        default:
            return skip(path, "a device");
    }
}

void TreeCopy::copy_file(int source, const std::string& source_name, int target,
                         const std::string& target_name, const std::string& path) {
    const UniqueFd from = open_regular(source, source_name);
    struct stat status = {};
    if (!from || fstat(from.get(), &status) != 0) return skip(path, std::strerror(errno));
    const std::string temporary = temporary_name();
    const UniqueFd to = open_beneath(target, temporary, O_WRONLY | O_CREAT | O_EXCL, 0600);
    if (!to) fail_errno(target_name);
    try {
        summary_.bytes += copy_data(from.get(), to.get(), target_name);
        give(to.get());
        if (fchmod(to.get(), mode_.value_or(status.st_mode & kPermissions)) != 0 ||
            renameat(target, temporary.c_str(), target, target_name.c_str()) != 0) {
            fail_errno(target_name);
        }
    } catch (...) {
        unlinkat(target, temporary.c_str(), 0);
        throw;
    }
    ++summary_.files;
}

void TreeCopy::copy_directory(int source, const std::string& source_name, int target,
                              const std::string& target_name, const std::string& path,
                              unsigned depth) {
    if (depth >= kMaxDepth) return skip(path, "too many levels of directories");
    const UniqueFd from = open_beneath(source, source_name, O_RDONLY | O_DIRECTORY);
    struct stat status = {};
    if (!from || fstat(from.get(), &status) != 0) return skip(path, std::strerror(errno));
    const bool made = mkdirat(target, target_name.c_str(), 0700) == 0;
    if (!made && errno != EEXIST) fail_errno(target_name);
    const UniqueFd to = open_beneath(target, target_name, O_RDONLY | O_DIRECTORY);
    if (!to) fail_errno(target_name);
    const std::string prefix = path.empty() ? "" : path + "/";
    for (const std::string& name : names_in(from.get())) {
        std::string inner = prefix;
        inner += name;
        copy_entry(from.get(), name, to.get(), name, inner, depth + 1);
    }
    if (!made) return;
    give(to.get());
    if (fchmod(to.get(), status.st_mode & kPermissions) != 0) fail_errno(target_name);
}

void TreeCopy::copy_link(int source, const std::string& source_name, int target,
                         const std::string& target_name, const std::string& path, unsigned depth) {
    std::array<char, PATH_MAX> buffer = {};
    const ssize_t size = readlinkat(source, source_name.c_str(), buffer.data(), buffer.size() - 1);
    if (size < 0) return skip(path, std::strerror(errno));
    // The link's own name is one of the `depth` steps from the root.
    if (links_ == Links::contained &&
        (depth == 0 || !is_contained_link(buffer.data(), depth - 1))) {
        return skip(path, "a link that leads out of the copied directory");
    }
    const std::string temporary = temporary_name();
    if (symlinkat(buffer.data(), target, temporary.c_str()) != 0 ||
        (owner_ &&
         fchownat(target, temporary.c_str(), owner_->uid, owner_->gid, AT_SYMLINK_NOFOLLOW) != 0) ||
        renameat(target, temporary.c_str(), target, target_name.c_str()) != 0) {
        const int error = errno;
        unlinkat(target, temporary.c_str(), 0);
        fail_errno(target_name, error);
    }
    ++summary_.files;
}

void TreeCopy::skip(const std::string& path, std::string reason) {
    if (summary_.skipped.size() < kMaxReported) {
        summary_.skipped.push_back({path.empty() ? "." : path, std::move(reason)});
    } else {
        summary_.skipped_more = true;
    }
}

void TreeCopy::give(int fd) const {
    if (owner_ && fchown(fd, owner_->uid, owner_->gid) != 0) fail_errno("fchown");
}

namespace {

// Opens a directory of ours that the agent may have closed to us. Through a descriptor that is sure
// to be the directory: fchmodat would follow a link that was put in its place.
UniqueFd open_up(int parent, const std::string& name) {
    const UniqueFd found(
        openat(parent, name.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!found) fail_errno(name);
    const std::string itself = "/proc/self/fd/" + std::to_string(found.get());
    if (chmod(itself.c_str(), 0700) != 0) fail_errno(name);
    UniqueFd opened = open_beneath(found.get(), "", O_RDONLY | O_DIRECTORY);
    if (!opened) fail_errno(name);
    return opened;
}

// Empties a directory whose entries may be nested to any depth: what lies deep is first moved up,
// so that neither descriptors nor the stack are used up.
class TreeRemoval {
  public:
    explicit TreeRemoval(const std::string& path) : root_(open_up(AT_FDCWD, path)) {}

    void run() {
        // Moving up makes new entries at the root, so it is emptied until it is empty.
        for (auto names = names_in(root_.get()); !names.empty(); names = names_in(root_.get())) {
            for (const std::string& name : names)
                remove(root_.get(), name, 0);
        }
    }

  private:
    static constexpr unsigned kLevels = 32;

    void remove(int directory, const std::string& name, unsigned depth) {
        if (unlinkat(directory, name.c_str(), 0) == 0) return;
        if (errno != EISDIR && errno != EPERM) fail_errno(name);
        if (depth >= kLevels) {
            const std::string moved = temporary_name();
            if (renameat(directory, name.c_str(), root_.get(), moved.c_str()) != 0) {
                fail_errno(name);
            }
            return;
        }
        const UniqueFd inner = open_up(directory, name);
        for (const std::string& entry : names_in(inner.get())) {
            remove(inner.get(), entry, depth + 1);
        }
        if (unlinkat(directory, name.c_str(), AT_REMOVEDIR) != 0) fail_errno(name);
    }

    UniqueFd root_;
};

}  // namespace

void remove_tree(const std::string& path) {
    if (!exists(path)) return;
    TreeRemoval(path).run();
    if (rmdir(path.c_str()) != 0) fail_errno(path);
}

}  // namespace host_bottle
