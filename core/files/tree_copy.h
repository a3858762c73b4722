// copy_tree: a workspace, copied so that the agent's changes stay in the copy.
//
// Shares blocks where the filesystem can (FICLONE), copies inside the kernel otherwise. Symlinks
// are copied as symlinks, wherever they point; FIFOs, sockets and devices are left out and noted;
// setuid and setgid bits are dropped; modes and modification times are kept; two names of one file
// become two files. Names may hold any byte.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "files/ignore_patterns.h"
#include "files/tree_snapshot.h"

namespace botbottle::files {

struct Owner {
    uid_t uid = 0;
    gid_t gid = 0;
};

struct CopyProgress {
    std::uint64_t files = 0;
    std::uint64_t bytes = 0;
};

struct CopyOptions {
    IgnorePatterns exclude;
    // Directories that are never entered, whatever leads to them: the copy itself, botbottle's
    // home.
    std::vector<std::string> never_enter;
    // Given to every entry when set; only root can.
    std::optional<Owner> owner;
    // Called now and then; returning false ends the copy with "cancelled".
    std::function<bool(const CopyProgress&)> progress;
};

struct SkippedEntry {
    std::string path;  // relative to the source
    std::string reason;
};

struct CopySummary {
    CopyProgress copied;
    std::vector<SkippedEntry> skipped;  // without what `exclude` left out: that was asked for
    TreeSnapshot source;                // what was copied, as it was at that moment
};

// Copies what is in `source` into the existing directory `destination`.
Result<CopySummary> copy_tree(const std::string& source, const std::string& destination,
                              const CopyOptions& options);

}  // namespace botbottle::files
