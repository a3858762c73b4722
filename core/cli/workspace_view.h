// What `diff` and `apply` have in common: a bottle's workspace, reviewed, and how a change is
// shown.
#pragma once

#include <QJsonObject>
#include <QStringList>
#include <vector>

#include "bottles/review.h"
#include "cli/context.h"

namespace botbottle::cli {

struct WorkspaceView {
    Metadata metadata;
    WorkspacePair pair;
    std::vector<ReviewedChange> changes;  // those that were asked for
};

// Brings out what a running bottle keeps to itself (bottles/bring_out.h); otherwise it does
// nothing. The caller holds the bottle's lock.
Result<void> fetch_workspace(Context& context, const Metadata& metadata);

Result<WorkspaceView> view_workspace(Context& context, const QString& identity,
                                     const QStringList& paths);

// A path as it may be printed: an agent chose it.
QString shown_path(const std::string& path);

// "M src/main.c", and why it would stay where it is.
QString change_line(const ReviewedChange& reviewed);
QJsonObject change_json(const ReviewedChange& reviewed);

// The lines, with what is held back inside one repository as a single one.
QStringList change_lines(const std::vector<ReviewedChange>& changes);

}  // namespace botbottle::cli
