#include "files.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include "fail.h"

namespace host_bottle {
namespace {

constexpr std::size_t kMaxFile = 1024 * 1024;

}  // namespace

void make_directory(const std::string& path, mode_t mode) {
    if (mkdir(path.c_str(), mode) != 0 && errno != EEXIST) fail_errno(path);
    const UniqueFd directory(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    struct stat status = {};
    if (!directory || fstat(directory.get(), &status) != 0) fail_errno(path);
    // Root gives homes and workspaces away, and finds them again when a bottle is resumed.
    if (status.st_uid != geteuid() && geteuid() != 0) fail("not_ours", path + " is someone else's");
    if ((status.st_mode & 07777) != mode && fchmod(directory.get(), mode) != 0) fail_errno(path);
}

void give_to(const std::string& path, Owner owner) {
    if (geteuid() == 0 && lchown(path.c_str(), owner.uid, owner.gid) != 0) fail_errno(path);
}

void write_file(const std::string& path, std::string_view content, mode_t mode) {
    const UniqueFd file(
        open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, mode));
    if (!file || fchmod(file.get(), mode | S_ISVTX) != 0) fail_errno(path);
    write_all(file.get(), content, path);
}

void replace_file(const std::string& path, std::string_view content) {
    const std::string temporary = path + ".new";
    write_file(temporary, content, 0600);
    if (rename(temporary.c_str(), path.c_str()) != 0) fail_errno(path);
}

std::optional<std::string> read_file(const std::string& path) {
    const UniqueFd file(open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (!file && errno == ENOENT) return std::nullopt;
    struct stat status = {};
    if (!file || fstat(file.get(), &status) != 0) fail_errno(path);
    if (!S_ISREG(status.st_mode) || status.st_uid != geteuid()) {
        fail("not_ours", path + " is not a file of ours");
    }
    return read_all(file.get(), kMaxFile, path);
}

bool exists(const std::string& path) {
    struct stat status = {};
    return lstat(path.c_str(), &status) == 0;
}

std::optional<std::string> real_path(const std::string& path) {
    std::array<char, PATH_MAX> resolved = {};
    if (realpath(path.c_str(), resolved.data()) == nullptr) return std::nullopt;
    return std::string(resolved.data());
}

std::string parent_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

std::string name_of(const std::string& path) {
    return path.substr(path.rfind('/') + 1);
}

bool lies_in(const std::string& path, const std::string& directory) {
    if (directory == "/") return true;
    return path == directory || path.starts_with(directory + "/");
}

void write_all(int fd, std::string_view content, const std::string& name) {
    while (!content.empty()) {
        const ssize_t written = write(fd, content.data(), content.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) fail_errno(name);
        content.remove_prefix(static_cast<std::size_t>(written));
    }
}

std::string read_all(int fd, std::size_t limit, const std::string& name) {
    std::string content;
    std::array<char, 16 * 1024> buffer;
    for (;;) {
        const ssize_t size = read(fd, buffer.data(), buffer.size());
        if (size < 0 && errno == EINTR) continue;
        if (size < 0) fail_errno(name);
        if (size == 0) return content;
        content.append(buffer.data(), static_cast<std::size_t>(size));
        if (content.size() > limit) fail("too_large", name + " is too large");
    }
}

}  // namespace host_bottle
