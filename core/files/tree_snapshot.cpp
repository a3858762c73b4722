#include "files/tree_snapshot.h"

#include <sys/stat.h>

#include <charconv>

#include "files/directory_reader.h"
#include "files/system_error.h"

namespace botbottle::files {
namespace {

constexpr int kDeepest = 400;
constexpr std::size_t kMostExamples = 5;
constexpr std::string_view kHeader = "botbottle.snapshot/1";

std::int64_t nanoseconds(const struct timespec& time) {
    return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

// The next NUL-terminated field of `bytes`; false at the end.
bool next_field(std::string_view& bytes, std::string_view& field) {
    const auto end = bytes.find('\0');
    if (end == std::string_view::npos) return false;
    field = bytes.substr(0, end);
    bytes.remove_prefix(end + 1);
    return true;
}

template <typename Number>
bool next_number(std::string_view& bytes, Number& number) {
    std::string_view field;
    if (!next_field(bytes, field)) return false;
    const auto parsed = std::from_chars(field.data(), field.data() + field.size(), number);
    return parsed.ec == std::errc() && parsed.ptr == field.data() + field.size();
}

}  // namespace

class SnapshotWalk {
  public:
    explicit SnapshotWalk(TreeSnapshot& snapshot) : snapshot_(snapshot) {}

    void directory(int fd, const std::string& path, int depth) {
        // Deeper than any copy goes, so whatever is there was added; its parent already counts.
        if (depth > kDeepest) return;
        for (const std::string& name : names_in(fd)) {
            struct stat status = {};
            if (fstatat(fd, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) continue;
            const std::string entry = entry_path(path, name);
            if (entry == ".git/index") continue;
            snapshot_.record(entry, status);
            if (!S_ISDIR(status.st_mode)) continue;
            if (const UniqueFd inner = open_directory_at(fd, name.c_str()))
                directory(inner.get(), entry, depth + 1);
        }
    }

  private:
    TreeSnapshot& snapshot_;
};

TreeSnapshot::Entry TreeSnapshot::entry_of(const struct stat& status) {
    const bool directory = S_ISDIR(status.st_mode);
    return {status.st_mode, directory ? 0 : static_cast<std::uint64_t>(status.st_size),
            directory ? 0 : nanoseconds(status.st_ctim)};
}

void TreeSnapshot::record(const std::string& path, const struct stat& status) {
    entries_.insert_or_assign(entries_.end(), path, entry_of(status));
}

bool TreeSnapshot::matches(const std::string& path, const struct stat& status) const {
    const auto known = entries_.find(path);
    return known != entries_.end() && known->second == entry_of(status);
}

Result<TreeSnapshot> TreeSnapshot::take(const std::string& root) {
    const UniqueFd directory = open_directory_at(AT_FDCWD, root.c_str());
    if (!directory) return system_failure("cannot_read", "open", root);
    TreeSnapshot snapshot;
    SnapshotWalk(snapshot).directory(directory.get(), "", 0);
    return snapshot;
}

std::string TreeSnapshot::serialize() const {
    std::string bytes(kHeader);
    bytes += '\0';
    for (const auto& [path, entry] : entries_) {
        bytes += path;
        bytes += '\0';
        for (const auto& number : {std::to_string(entry.mode), std::to_string(entry.size),
                                   std::to_string(entry.changed_ns)}) {
            bytes += number;
            bytes += '\0';
        }
    }
    return bytes;
}

Result<TreeSnapshot> TreeSnapshot::parse(std::string_view bytes) {
    std::string_view field;
    if (!next_field(bytes, field) || field != kHeader)
        return failure("bad_snapshot", "the workspace snapshot is of another version");
    TreeSnapshot snapshot;
    while (!bytes.empty()) {
        Entry entry;
        if (!next_field(bytes, field) || !next_number(bytes, entry.mode) ||
            !next_number(bytes, entry.size) || !next_number(bytes, entry.changed_ns))
            return failure("bad_snapshot", "the workspace snapshot is damaged");
        snapshot.entries_.emplace(std::string(field), entry);
    }
    return snapshot;
}

std::vector<TreeChange> TreeSnapshot::list_changes(const TreeSnapshot& later) const {
    using Kind = TreeChange::Kind;
    std::vector<TreeChange> changes;
    auto before = entries_.begin();
    auto after = later.entries_.begin();
    while (before != entries_.end() || after != later.entries_.end()) {
        const bool removed = after == later.entries_.end() ||
                             (before != entries_.end() && before->first < after->first);
        const bool added = !removed && (before == entries_.end() || after->first < before->first);
        if (removed)
            changes.push_back({Kind::Removed, before->first, before->second.mode, 0});
        else if (added)
            changes.push_back({Kind::Added, after->first, 0, after->second.mode});
        else if (!(before->second == after->second))
            changes.push_back(
                {Kind::Changed, after->first, before->second.mode, after->second.mode});
        if (!added) ++before;
        if (!removed) ++after;
    }
    return changes;
}

TreeChanges TreeSnapshot::changes_to(const TreeSnapshot& later) const {
    TreeChanges changes;
    const auto note = [&changes](std::size_t& count, const std::string& path) {
        ++count;
        if (changes.examples.size() < kMostExamples) changes.examples.push_back(path);
    };
    for (const TreeChange& change : list_changes(later)) {
        switch (change.kind) {
            case TreeChange::Kind::Added:
                note(changes.added, change.path);
                break;
            case TreeChange::Kind::Changed:
                note(changes.changed, change.path);
                break;
            case TreeChange::Kind::Removed:
                note(changes.removed, change.path);
                break;
        }
    }
    return changes;
}

}  // namespace botbottle::files
