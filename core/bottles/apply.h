// Apply: reviewed changes of a workspace copy, brought home one by one.
//
// A file is written beside its target, hashed while it is written, compared with what the operator
// was shown, and renamed into its place only when the target is still what it was. A kill at any
// moment leaves every file of the operator's whole, old or new; recover_apply() removes what was
// written beside. Permissions are home's own: of the copy's only the executable bit counts.
#pragma once

#include <QByteArray>
#include <QString>
#include <string>
#include <vector>

#include "base/error.h"
#include "bottles/home.h"
#include "bottles/metadata.h"
#include "bottles/review.h"

namespace botbottle {

struct PlannedChange {
    ReviewedChange reviewed;
    QByteArray content;  // SHA-256 in the copy, as shown; empty for what is no file
    QByteArray at_home;  // SHA-256 at home, as shown; empty when there is no file
};

// The hashes of what is about to be shown.
std::vector<PlannedChange> plan_apply(const WorkspacePair& pair,
                                      const std::vector<ReviewedChange>& changes);

struct RefusedChange {
    std::string path;
    QString reason;
};

struct ApplyReport {
    std::vector<std::string> brought;
    std::vector<RefusedChange> refused;
};

// The caller holds the bottle's lock. What came home is remembered: it counts no longer as a
// change.
Result<ApplyReport> apply_changes(WorkspacePair& pair, const Metadata& metadata,
                                  const std::vector<PlannedChange>& changes);

bool apply_was_interrupted(const Metadata& metadata);

// Removes what an apply that was killed has left beside the operator's files. Harmless when there
// was none.
Result<void> recover_apply(const Metadata& metadata);

}  // namespace botbottle
