// botbottle diff: what an agent changed in its copy of a directory, against that directory.
#include <sys/stat.h>
#include <unistd.h>

#include <QJsonArray>

#include "cli/commands.h"
#include "cli/messages.h"
#include "cli/output.h"
#include "cli/text_diff.h"
#include "cli/workspace_view.h"
#include "files/beneath.h"
#include "files/lock.h"
#include "manifest/text.h"

namespace botbottle::cli {
namespace {

// For a file or a pipe the very bytes, so that it can be used as a patch; for a terminal nothing
// that drives it.
void print_contents(const QByteArray& text) {
    if (isatty(1) == 0) {
        std::fwrite(text.constData(), 1, static_cast<std::size_t>(text.size()), stdout);
        return;
    }
    for (const QByteArray& line : text.split('\n')) {
        QStringList cells;
        for (const QByteArray& cell : line.split('\t'))
            cells.append(visible(QString::fromUtf8(cell)));
        const QString shown = cells.join(QLatin1Char('\t'));
        const bool old_line = shown.startsWith(QLatin1Char('-'));
        const bool new_line = shown.startsWith(QLatin1Char('+'));
        print_line(old_line   ? styled(shown, Style::Red)
                   : new_line ? styled(shown, Style::Green)
                              : shown);
    }
}

void print_diff(const WorkspaceView& view, const ReviewedChange& reviewed) {
    const std::string& path = reviewed.change.path;
    struct stat status = {};
    const UniqueFd before =
        files::open_file_at(files::place_beneath(view.pair.home.get(), path), status);
    const UniqueFd after =
        files::open_file_at(files::place_beneath(view.pair.copy.get(), path), status);
    if (!before && !after) return;
    print_contents(unified_diff(before.get(), after.get(), shown_path(path).toStdString()));
}

Result<void> fetch(Context& context, const QString& identity) {
    const auto metadata = load_metadata(context.home(), identity);
    if (!metadata || !metadata->workspace_inside) return {};
    auto lock = files::FileLock::acquire(context.home().lock_file(identity).toStdString());
    if (!lock) return tl::make_unexpected(lock.error());
    return fetch_workspace(context, *metadata);
}

}  // namespace

int run_diff(const GlobalOptions& global, const DiffOptions& options) {
    auto context = Context::make(global);
    if (!context) return fail(context.error());
    if (auto fetched = fetch(**context, options.identity); !fetched) return fail(fetched.error());
    auto view = view_workspace(**context, options.identity, options.paths);
    if (!view) return fail(view.error());
    if (global.json) {
        QJsonArray documents;
        for (const ReviewedChange& reviewed : view->changes)
            documents.append(change_json(reviewed));
        print_json({{QStringLiteral("schema"), QStringLiteral("botbottle.diff/1")},
                    {QStringLiteral("identity"), options.identity},
                    {QStringLiteral("copy"), view->metadata.workspace},
                    {QStringLiteral("home"), view->metadata.working_directory},
                    {QStringLiteral("changes"), documents}});
        return kDone;
    }
    if (view->changes.empty()) say(QStringLiteral("nothing was changed"));
    for (const QString& line : change_lines(view->changes))
        print_line(line);
    if (options.names_only) return kDone;
    for (const ReviewedChange& reviewed : view->changes) {
        const bool repository = ("/" + reviewed.change.path).find("/.git/") != std::string::npos;
        if (!reviewed.home_already && !repository) print_diff(*view, reviewed);
    }
    return kDone;
}

}  // namespace botbottle::cli
