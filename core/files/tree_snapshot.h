// TreeSnapshot: what a workspace looked like, to tell later whether anything in it was changed.
//
// Compares types, modes, sizes, change times and link targets, not contents: the change time cannot
// be set back from inside a bottle. `.git/index` is left out: reading commands such as `git status`
// rewrite it.
#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace botbottle::files {

struct TreeChanges {
    std::size_t added = 0;
    std::size_t changed = 0;
    std::size_t removed = 0;
    std::vector<std::string> examples;  // a few paths, sorted

    bool empty() const { return added + changed + removed == 0; }
};

struct TreeChange {
    enum class Kind { Added, Changed, Removed };
    Kind kind = Kind::Added;
    std::string path;
    std::uint32_t before_mode = 0;  // st_mode; 0 when it was not there
    std::uint32_t after_mode = 0;   // 0 when it is gone
};

class TreeSnapshot {
  public:
    static Result<TreeSnapshot> take(const std::string& root);

    // A form for a file; parse() refuses anything that serialize() did not write.
    std::string serialize() const;
    static Result<TreeSnapshot> parse(std::string_view bytes);

    TreeChanges changes_to(const TreeSnapshot& later) const;

    // Every one of them, sorted by path.
    std::vector<TreeChange> list_changes(const TreeSnapshot& later) const;

    // One entry as it is now, or no more.
    void record(const std::string& path, const struct stat& status);
    void forget(const std::string& path) { entries_.erase(path); }

    // Whether an entry is what it was.
    bool matches(const std::string& path, const struct stat& status) const;

  private:
    friend class SnapshotWalk;

    struct Entry {
        std::uint32_t mode = 0;
        std::uint64_t size = 0;
        std::int64_t changed_ns =
            0;  // st_ctim; 0 for directories, whose entries speak for themselves

        bool operator==(const Entry&) const = default;
    };
    static Entry entry_of(const struct stat& status);

    std::map<std::string, Entry> entries_;
};

}  // namespace botbottle::files
