#include "plugins/trusted_file.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <deque>
#include <sstream>

#include "files/system_error.h"

namespace botbottle {
namespace {

constexpr int kMostLinks = 40;  // as the kernel's MAXSYMLINKS

bool owned_by(const struct stat& status, uid_t user) {
    return status.st_uid == 0 || status.st_uid == user;
}

bool others_may_write(const struct stat& status) {
    return (status.st_mode & (S_IWGRP | S_IWOTH)) != 0;
}

// Walks a path one component at a time, so that a link is judged like any other thing on the way.
class Walk {
  public:
    Walk(std::string path, uid_t user) : path_(std::move(path)), user_(user) {}

    Result<UniqueFd> run() {
        if (path_.empty() || path_.front() != '/') {
            return failure("directory_unreadable", path_ + " is not an absolute path");
        }
        push_front(path_);
        if (auto root = enter("/"); !root) return tl::make_unexpected(root.error());
        while (!pending_.empty()) {
            const std::string component = std::move(pending_.front());
            pending_.pop_front();
            if (auto step = take(component); !step) return tl::make_unexpected(step.error());
        }
        if (others_may_write(here_)) return writable();
        return std::move(directory_);
    }

  private:
    void push_front(const std::string& path) {
        std::istringstream parts(path);
        std::deque<std::string> components;
        for (std::string part; std::getline(parts, part, '/');) {
            if (!part.empty() && part != ".") components.push_back(part);
        }
        pending_.insert(pending_.begin(), components.begin(), components.end());
    }

    tl::unexpected<Error> unreadable() const {
        const bool missing = errno == ENOENT || errno == ENOTDIR;
        return files::system_failure(missing ? "directory_missing" : "directory_unreadable", "open",
                                     path_);
    }

    tl::unexpected<Error> writable() const {
        return failure("directory_writable",
                       about() + shown() + " can be written by someone other than you",
                       "chmod go-w '" + shown() + "'");
    }

    tl::unexpected<Error> foreign() const {
        return failure("directory_foreign", about() + shown() + " belongs to someone else",
                       "move the plugin to a directory of yours or of root");
    }

    // Which directory was asked for, when that is not the one at fault.
    std::string about() const { return path_ == shown() ? std::string() : path_ + ": "; }
    std::string shown() const { return walked_.empty() ? "/" : walked_; }

    Result<void> take(const std::string& component) {
        struct stat status {};
        if (fstatat(directory_.get(), component.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
            return unreadable();
        }
        // Only now is it known that `here_` is not the last one; a sticky directory above is fine.
        if (others_may_write(here_) && (here_.st_mode & S_ISVTX) == 0) return writable();
        if (S_ISLNK(status.st_mode)) return follow(component, status);
        return enter(component);
    }

    Result<void> follow(const std::string& link, const struct stat& status) {
        if (!owned_by(status, user_)) {
            return failure("directory_foreign", about() + "the link " + walked_ + '/' + link +
                                                    " belongs to someone else");
        }
        if (++links_ > kMostLinks) {
            errno = ELOOP;
            return unreadable();
        }
        char target[PATH_MAX];
        const ssize_t size = readlinkat(directory_.get(), link.c_str(), target, sizeof target);
        if (size < 0) return unreadable();
        const std::string text(target, static_cast<std::size_t>(size));
        push_front(text);
        if (text.empty() || text.front() != '/') return {};
        walked_.clear();
        return enter("/");
    }

    Result<void> enter(const std::string& name) {
        const int flags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
        UniqueFd next(name == "/" ? open("/", flags)
                                  : openat(directory_.get(), name.c_str(), flags));
        if (!next || fstat(next.get(), &here_) != 0) return unreadable();
        directory_ = std::move(next);
        if (name != "/") walked_ += '/' + name;
        if (!owned_by(here_, user_)) return foreign();
        return {};
    }

    std::string path_;
    uid_t user_;
    std::deque<std::string> pending_;
    UniqueFd directory_;
    struct stat here_ {};
    std::string walked_;  // the real path so far, for messages
    int links_ = 0;
};

}  // namespace

Result<UniqueFd> open_trusted_directory(const std::string& path, uid_t user) {
    return Walk(path, user).run();
}

Result<UniqueFd> open_trusted_file(const UniqueFd& directory, const std::string& name,
                                   const std::string& path, uid_t user) {
    // O_NONBLOCK: opening a FIFO must not wait for a writer.
    UniqueFd file(openat(directory.get(), name.c_str(),
                         O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (!file && errno == ELOOP) {
        return failure("not_a_regular_file", path + " is a symbolic link", "copy the file itself");
    }
    if (!file) {
        return files::system_failure(errno == ENOENT ? "file_missing" : "file_unreadable", "open",
                                     path);
    }
    struct stat status {};
    if (fstat(file.get(), &status) != 0)
        return files::system_failure("file_unreadable", "stat", path);
    if (!S_ISREG(status.st_mode)) {
        return failure("not_a_regular_file", path + " is not a regular file");
    }
    if (!owned_by(status, user)) {
        return failure("file_foreign", path + " belongs to someone else",
                       "install a copy that belongs to you or to root");
    }
    if (others_may_write(status)) {
        return failure("file_writable", path + " can be written by someone other than you",
                       "chmod go-w '" + path + "'");
    }
    return file;
}

}  // namespace botbottle
