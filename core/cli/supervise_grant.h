// An approval: the change computed against the live policy, shown, asked about, and applied in one
// step to exactly the policy that it was computed against. For the commands and the dashboard.
#pragma once

#include <optional>
#include <string>

#include "cli/commands.h"
#include "cli/context.h"
#include "supervise/delta.h"
#include "supervise/documents.h"

namespace botbottle::cli {

struct LivePolicy {
    QString runtime_dir;
    QString bottle;  // the manifest's name; empty: none
    QJsonObject policy;
    QString digest;
};
Result<LivePolicy> live_policy(Context& context, const QString& identity);

// A bottle's file before and after, for `always`.
struct FileChange {
    QString file;
    std::string before;
    std::string after;
};

// What a grant would do, computed against the policy in force: this is shown, and exactly this is
// applied.
struct GrantPreview {
    LivePolicy live;
    QJsonObject payload;  // the proposal's, or what the operator made of it
    QString scope;
    RouteDelta delta;
    std::optional<FileChange> change;
    std::optional<Error> refusal;  // why it cannot be granted so
};
Result<GrantPreview> preview_grant(Context& context, const Proposal& proposal,
                                   const QJsonObject& payload, const QString& scope);

// What comes of an approval of something that is held.
QString goes_on(const Proposal& proposal);

// Ready for a terminal.
QStringList preview_lines(const GrantPreview& preview);

// Applies what was previewed and says what was decided. `policy_moved`: nothing was applied, since
// the change would be another now.
Result<QString> apply_preview(Context& context, const Proposal& proposal,
                              const GrantPreview& preview, const QString& note);

// The whole of it on a terminal. false: the operator said no to the change that was shown. A policy
// that moves meanwhile is shown and asked about again.
Result<bool> grant_proposal(Context& context, const Proposal& proposal, const QJsonObject& payload,
                            const SuperviseOptions& options);

}  // namespace botbottle::cli
