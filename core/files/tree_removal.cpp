#include "files/tree_removal.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "files/directory_reader.h"
#include "files/system_error.h"

namespace botbottle::files {
namespace {

// A directory below this depth is moved up to the top and emptied from there, so that neither the
// stack nor the descriptors run out however deep the agent has dug.
constexpr int kDeepest = 64;

class TreeRemover {
  public:
    explicit TreeRemover(int top) : top_(top) {}

    bool empty(int directory, int depth) {
        (void)fchmod(directory, 0700);
        for (const std::string& name : names_in(directory)) {
            if (!entry(directory, name, depth)) return false;
        }
        return true;
    }

    // What was moved up lies in the top directory now: once more, until a pass moves nothing.
    bool empty_top() {
        do {
            moved_ = 0;
            if (!empty(top_, 0)) return false;
        } while (moved_ > 0);
        return true;
    }

  private:
    bool entry(int directory, const std::string& name, int depth) {
        if (unlinkat(directory, name.c_str(), 0) == 0 || errno == ENOENT) return true;
        if (errno != EISDIR && errno != EPERM) return false;
        if (unlinkat(directory, name.c_str(), AT_REMOVEDIR) == 0) return true;
        if (depth >= kDeepest) return move_up(directory, name);
        UniqueFd inner = open_directory_at(directory, name.c_str());
        if (!inner && errno == EACCES) inner = open_closed_directory_at(directory, name.c_str());
        if (!inner || !empty(inner.get(), depth + 1)) return false;
        return unlinkat(directory, name.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT;
    }

    bool move_up(int directory, const std::string& name) {
        const std::string target = ".moved-" + std::to_string(++serial_);
        if (renameat(directory, name.c_str(), top_, target.c_str()) != 0) return false;
        ++moved_;
        return true;
    }

    int top_;
    unsigned moved_ = 0;
    unsigned serial_ = 0;
};

}  // namespace

Result<void> remove_tree(const std::string& path) {
    UniqueFd top = open_directory_at(AT_FDCWD, path.c_str());
    if (!top && errno == EACCES) top = open_closed_directory_at(AT_FDCWD, path.c_str());
    if (!top && errno == ENOENT) return {};
    if (!top && (errno == ENOTDIR || errno == ELOOP)) {
        if (unlink(path.c_str()) == 0) return {};
        return system_failure("cannot_remove", "remove", path);
    }
    // Gone meanwhile is as good: its owner may be tidying up as well.
    const bool removed =
        top && TreeRemover(top.get()).empty_top() && (rmdir(path.c_str()) == 0 || errno == ENOENT);
    if (!removed) return system_failure("cannot_remove", "remove", path);
    return {};
}

}  // namespace botbottle::files
