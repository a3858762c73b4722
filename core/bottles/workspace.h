// The workspace: a copy of the operator's directory that the agent works in, and what became of it.
#pragma once

#include <QString>
#include <QStringList>
#include <functional>
#include <optional>
#include <vector>

#include "base/error.h"
#include "bottles/metadata.h"
#include "files/tree_copy.h"
#include "files/tree_snapshot.h"

namespace botbottle {

struct WorkspaceCopy {
    QString source;
    QString target;
    QStringList exclude;
    QStringList never_enter;
    std::optional<files::Owner> owner;
};

struct CopiedWorkspace {
    QStringList notes;           // about what was left out
    files::TreeSnapshot source;  // what was copied, for remember_workspace
};

// The first few, for people.
QStringList notes_about(const std::vector<files::SkippedEntry>& skipped);

// Ends with "interrupted" on Ctrl-C.
Result<CopiedWorkspace> copy_workspace_in(const WorkspaceCopy& copy,
                                          const std::function<void(const QString&)>& progress);

// What a workspace and the operator's directory looked like when the one was copied from the other,
// or when changes last came home.
struct WorkspaceRecords {
    files::TreeSnapshot copied;
    files::TreeSnapshot source;
};

// Stores what the workspace looks like now, before the agent has seen it, and what it came from.
Result<void> remember_workspace(const Metadata& metadata, const files::TreeSnapshot& source);

Result<void> save_workspace_records(const Metadata& metadata, const WorkspaceRecords& records);
Result<WorkspaceRecords> load_workspace_records(const Metadata& metadata);

// Whether it is a copy of the operator's directory, not an empty place to work in.
bool workspace_was_copied(const Metadata& metadata);

// What has changed since. Nothing when the bottle has no workspace on the host.
Result<files::TreeChanges> workspace_changes(const Metadata& metadata);

// "3 added, 1 changed: src/main.c, …"
QString describe(const files::TreeChanges& changes);

}  // namespace botbottle
