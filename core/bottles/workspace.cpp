#include "bottles/workspace.h"

#include "bottles/interrupt.h"
#include "files/atomic_file.h"
#include "manifest/text.h"

namespace botbottle {
namespace {

constexpr qsizetype kMostNotes = 5;
constexpr std::size_t kLargestSnapshot = 512 * 1024 * 1024;

std::string snapshot_file(const Metadata& metadata) {
    return metadata.state_dir.toStdString() + "/workspace.snapshot";
}

std::string source_file(const Metadata& metadata) {
    return metadata.state_dir.toStdString() + "/workspace.source";
}

Result<files::TreeSnapshot> load_snapshot(const std::string& file) {
    auto stored = files::read_file(file, kLargestSnapshot);
    if (!stored) return tl::make_unexpected(stored.error());
    return files::TreeSnapshot::parse(*stored);
}

std::vector<std::string> std_strings(const QStringList& list) {
    std::vector<std::string> strings;
    for (const QString& text : list)
        strings.push_back(text.toStdString());
    return strings;
}

}  // namespace

QStringList notes_about(const std::vector<files::SkippedEntry>& skipped) {
    QStringList notes;
    for (const files::SkippedEntry& entry : skipped) {
        if (notes.size() == kMostNotes) {
            notes.append(
                QStringLiteral("… and %1 more were not copied").arg(skipped.size() - kMostNotes));
            break;
        }
        notes.append(QStringLiteral("not copied: %1: %2")
                         .arg(visible(QString::fromStdString(entry.path)),
                              QString::fromStdString(entry.reason)));
    }
    return notes;
}

Result<CopiedWorkspace> copy_workspace_in(const WorkspaceCopy& copy,
                                          const std::function<void(const QString&)>& progress) {
    files::CopyOptions options;
    options.exclude = files::IgnorePatterns(std_strings(copy.exclude));
    options.never_enter = std_strings(copy.never_enter);
    options.owner = copy.owner;
    options.progress = [&progress](const files::CopyProgress& copied) {
        if (progress)
            progress(QStringLiteral("copying the workspace: %1 files, %2 MB")
                         .arg(copied.files)
                         .arg(copied.bytes / 1'000'000));
        return !interrupted();
    };
    auto summary = files::copy_tree(copy.source.toStdString(), copy.target.toStdString(), options);
    if (!summary && summary.error().code == "cancelled") return interrupted_failure();
    if (!summary) return tl::make_unexpected(summary.error());
    return CopiedWorkspace{notes_about(summary->skipped), std::move(summary->source)};
}

Result<void> remember_workspace(const Metadata& metadata, const files::TreeSnapshot& source) {
    auto snapshot = files::TreeSnapshot::take(metadata.workspace.toStdString());
    if (!snapshot) return tl::make_unexpected(snapshot.error());
    return save_workspace_records(metadata, {std::move(*snapshot), source});
}

// The source first: a copy that is remembered has one.
Result<void> save_workspace_records(const Metadata& metadata, const WorkspaceRecords& records) {
    const files::WriteOptions options{0600, files::Durability::kSurvivesProcess};
    if (auto saved =
            files::write_atomically(source_file(metadata), records.source.serialize(), options);
        !saved)
        return saved;
    return files::write_atomically(snapshot_file(metadata), records.copied.serialize(), options);
}

Result<WorkspaceRecords> load_workspace_records(const Metadata& metadata) {
    auto copied = load_snapshot(snapshot_file(metadata));
    if (!copied) return tl::make_unexpected(copied.error());
    auto source = load_snapshot(source_file(metadata));
    if (!source) return tl::make_unexpected(source.error());
    return WorkspaceRecords{std::move(*copied), std::move(*source)};
}

bool workspace_was_copied(const Metadata& metadata) {
    const QJsonObject workspace = metadata.plan.value(QLatin1String("workspace")).toObject();
    return workspace.value(QLatin1String("copied")).toBool() &&
           workspace.value(QLatin1String("mode")).toString() != QLatin1String("none");
}

Result<files::TreeChanges> workspace_changes(const Metadata& metadata) {
    if (metadata.workspace.isEmpty()) return files::TreeChanges{};
    auto before = load_snapshot(snapshot_file(metadata));
    if (!before) return tl::make_unexpected(before.error());
    auto now = files::TreeSnapshot::take(metadata.workspace.toStdString());
    if (!now) return tl::make_unexpected(now.error());
    return before->changes_to(*now);
}

QString describe(const files::TreeChanges& changes) {
    QStringList counts;
    const auto count = [&counts](std::size_t number, const char* what) {
        if (number > 0) counts.append(QStringLiteral("%1 %2").arg(number).arg(QLatin1String(what)));
    };
    count(changes.added, "added");
    count(changes.changed, "changed");
    count(changes.removed, "removed");
    QStringList examples;
    for (const std::string& path : changes.examples)
        examples.append(visible(QString::fromStdString(path)));
    if (changes.added + changes.changed + changes.removed > changes.examples.size())
        examples.append(QStringLiteral("…"));
    return counts.join(QStringLiteral(", ")) + QStringLiteral(": ") +
           examples.join(QStringLiteral(", "));
}

}  // namespace botbottle
