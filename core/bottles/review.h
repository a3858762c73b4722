// The review of a workspace: what an agent changed in its copy, and what of it may come home.
//
// The copy's own record (workspace.snapshot) says what changed there, that of its source
// (workspace.source) what the operator's directory looked like when it was copied. Nothing in
// either tree is opened here but regular files, and no symlink is followed (files/beneath.h).
#pragma once

#include <QByteArray>
#include <QString>
#include <string>
#include <vector>

#include "base/error.h"
#include "bottles/metadata.h"
#include "files/tree_snapshot.h"
#include "files/unique_fd.h"

namespace botbottle {

struct ReviewedChange {
    files::TreeChange change;
    QString held;        // why it is held back; empty: it is not
    bool never = false;  // not even when the operator asks for it by name
    QString conflict;    // what stands in the way at home
    bool home_already = false;

    bool free() const { return held.isEmpty() && conflict.isEmpty() && !home_already; }
};

// Both trees, open, and what is remembered of them.
struct WorkspacePair {
    UniqueFd copy;
    UniqueFd home;
    files::TreeSnapshot copied;  // the copy before the agent saw it
    files::TreeSnapshot source;  // the operator's directory at that moment
};

// Errors: `no_workspace` when the bottle has no copy on this machine.
Result<WorkspacePair> open_workspace(const Metadata& metadata);

// Sorted by path. A change that reached home some other way is `home_already`.
Result<std::vector<ReviewedChange>> review_workspace(const WorkspacePair& pair,
                                                     const Metadata& metadata);

// Those at or below one of `paths` ("" and "." are all of it), in the same order.
// Error `no_such_change` names the first path that nothing lies at.
Result<std::vector<ReviewedChange>> select_changes(const std::vector<ReviewedChange>& changes,
                                                   const std::vector<std::string>& paths);

// SHA-256 of a regular file at a path; empty when there is none, or it is too large to be brought
// home (kLargestFile).
inline constexpr std::uint64_t kLargestFile = 4ULL << 30;
QByteArray digest_beneath(int root, const std::string& path);

}  // namespace botbottle
