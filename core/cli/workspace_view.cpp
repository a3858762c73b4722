#include "cli/workspace_view.h"

#include <sys/stat.h>

#include "bottles/bring_out.h"
#include "cli/messages.h"
#include "manifest/text.h"

namespace botbottle::cli {
namespace {

using Kind = files::TreeChange::Kind;

QString letter(const files::TreeChange& change) {
    switch (change.kind) {
        case Kind::Added:
            return QStringLiteral("A");
        case Kind::Removed:
            return QStringLiteral("D");
        case Kind::Changed:
            break;
    }
    return QStringLiteral("M");
}

QString type_of(const files::TreeChange& change) {
    const mode_t mode = change.kind == Kind::Removed ? change.before_mode : change.after_mode;
    if (S_ISDIR(mode)) return QStringLiteral("directory");
    if (S_ISLNK(mode)) return QStringLiteral("symlink");
    return S_ISREG(mode) ? QStringLiteral("file") : QStringLiteral("special");
}

// The repository that a path lies in: "lib/.git" of "lib/.git/config"; empty for none.
std::string repository_of(const std::string& path) {
    const std::size_t at = ("/" + path).find("/.git/");
    return at == std::string::npos ? std::string() : path.substr(0, at + 4);
}

}  // namespace

QString shown_path(const std::string& path) {
    return visible(QString::fromStdString(path));
}

QString change_line(const ReviewedChange& reviewed) {
    QString line = letter(reviewed.change) + QLatin1Char(' ') + shown_path(reviewed.change.path);
    const QString type = type_of(reviewed.change);
    if (type == QLatin1String("directory")) line += QLatin1Char('/');
    if (type == QLatin1String("symlink")) line += QStringLiteral(" (symlink)");
    if (reviewed.home_already) return line + QStringLiteral("  (home already)");
    if (!reviewed.held.isEmpty()) line += QStringLiteral("  held back: ") + reviewed.held;
    if (!reviewed.conflict.isEmpty()) line += QStringLiteral("  conflict: ") + reviewed.conflict;
    return line;
}

QStringList change_lines(const std::vector<ReviewedChange>& changes) {
    QStringList lines;
    for (std::size_t at = 0; at < changes.size(); ++at) {
        const std::string repository = repository_of(changes[at].change.path);
        const auto same = [&](std::size_t other) {
            return other < changes.size() && !changes[other].never &&
                   repository_of(changes[other].change.path) == repository;
        };
        if (repository.empty() || !same(at) || !same(at + 1)) {
            lines.append(change_line(changes[at]));
            continue;
        }
        std::size_t count = 1;
        while (same(at + count))
            ++count;
        lines.append(QStringLiteral("M %1/ (%2 entries)  held back: %3")
                         .arg(shown_path(repository))
                         .arg(count)
                         .arg(changes[at].held));
        at += count - 1;
    }
    return lines;
}

QJsonObject change_json(const ReviewedChange& reviewed) {
    return {{QStringLiteral("path"), QString::fromStdString(reviewed.change.path)},
            {QStringLiteral("change"), reviewed.change.kind == Kind::Added ? QStringLiteral("added")
                                       : reviewed.change.kind == Kind::Removed
                                           ? QStringLiteral("removed")
                                           : QStringLiteral("changed")},
            {QStringLiteral("type"), type_of(reviewed.change)},
            {QStringLiteral("held_back"), reviewed.held},
            {QStringLiteral("never"), reviewed.never},
            {QStringLiteral("conflict"), reviewed.conflict},
            {QStringLiteral("home_already"), reviewed.home_already}};
}

Result<void> fetch_workspace(Context& context, const Metadata& metadata) {
    if (!metadata.workspace_inside || metadata.phase != BottlePhase::Running) return {};
    auto backend = context.plugins().backend(metadata.backend);
    if (!backend) return tl::make_unexpected(backend.error());
    const auto notes = bring_workspace_out(**backend, metadata);
    if (!notes) return tl::make_unexpected(notes.error());
    for (const QString& note : *notes)
        warn(note);
    return {};
}

Result<WorkspaceView> view_workspace(Context& context, const QString& identity,
                                     const QStringList& paths) {
    auto metadata = load_metadata(context.home(), identity);
    if (!metadata) return tl::make_unexpected(metadata.error());
    if (metadata->phase == BottlePhase::Launching)
        return failure("not_running", identity.toStdString() + " is only being launched");
    auto pair = open_workspace(*metadata);
    if (!pair) return tl::make_unexpected(pair.error());
    auto changes = review_workspace(*pair, *metadata);
    if (!changes) return tl::make_unexpected(changes.error());
    std::vector<std::string> wanted;
    for (const QString& path : paths)
        wanted.push_back(path.toStdString());
    auto selected = select_changes(*changes, wanted);
    if (!selected) return tl::make_unexpected(selected.error());
    return WorkspaceView{std::move(*metadata), std::move(*pair), std::move(*selected)};
}

}  // namespace botbottle::cli
