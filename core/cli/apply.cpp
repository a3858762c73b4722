// botbottle apply: brings chosen changes of an agent's copy home.
#include "bottles/apply.h"

#include <QJsonArray>
#include <algorithm>

#include "cli/commands.h"
#include "cli/messages.h"
#include "cli/output.h"
#include "cli/workspace_view.h"
#include "files/lock.h"

namespace botbottle::cli {
namespace {

struct Choice {
    std::vector<ReviewedChange> taken;
    std::vector<ReviewedChange> left;
};

// What is held back is taken only when it is named itself: a directory does not name it.
Choice choose(const std::vector<ReviewedChange>& changes, const ApplyOptions& options) {
    Choice choice;
    for (const ReviewedChange& reviewed : changes) {
        const bool named = options.paths.contains(QString::fromStdString(reviewed.change.path));
        const bool held = !reviewed.held.isEmpty() && !(options.held && named && !reviewed.never);
        if (reviewed.home_already || (!held && reviewed.conflict.isEmpty()))
            choice.taken.push_back(reviewed);
        else
            choice.left.push_back(reviewed);
    }
    return choice;
}

int report_outcome(const GlobalOptions& global, const ApplyOptions& options,
                   const ApplyReport& report, const std::vector<ReviewedChange>& left) {
    for (const RefusedChange& refused : report.refused)
        warn(QStringLiteral("%1 stays as it is: %2").arg(shown_path(refused.path), refused.reason));
    say(QStringLiteral("%1 changes came home, %2 were held back or in conflict, %3 failed")
            .arg(report.brought.size())
            .arg(left.size())
            .arg(report.refused.size()));
    if (global.json) {
        QJsonArray brought;
        for (const std::string& path : report.brought)
            brought.append(QString::fromStdString(path));
        QJsonArray refused;
        for (const RefusedChange& change : report.refused)
            refused.append(
                QJsonObject{{QStringLiteral("path"), QString::fromStdString(change.path)},
                            {QStringLiteral("reason"), change.reason}});
        QJsonArray held;
        for (const ReviewedChange& reviewed : left)
            held.append(change_json(reviewed));
        print_json({{QStringLiteral("schema"), QStringLiteral("botbottle.apply/1")},
                    {QStringLiteral("identity"), options.identity},
                    {QStringLiteral("brought"), brought},
                    {QStringLiteral("refused"), refused},
                    {QStringLiteral("left"), held}});
    }
    const bool conflict = std::any_of(left.begin(), left.end(), [](const ReviewedChange& change) {
        return !change.conflict.isEmpty();
    });
    return report.refused.empty() && !conflict ? kDone : kFailed;
}

int apply(Context& context, const ApplyOptions& options) {
    if (options.held && options.paths.isEmpty())
        return fail({"usage",
                     "--held needs the paths that are to be taken although they are held "
                     "back",
                     "`botbottle diff " + options.identity.toStdString() + "` names them"},
                    kUsage);
    auto metadata = load_metadata(context.home(), options.identity);
    if (!metadata) return fail(metadata.error());
    auto lock = files::FileLock::acquire(
        context.home().lock_file(options.identity).toStdString(), [](const std::string& holder) {
            say(QStringLiteral("waiting for another command on it (pid %1)")
                    .arg(QString::fromStdString(holder)));
        });
    if (!lock) return fail(lock.error());
    if (auto recovered = recover_apply(*metadata); !recovered) return fail(recovered.error());
    if (auto fetched = fetch_workspace(context, *metadata); !fetched) return fail(fetched.error());
    auto view = view_workspace(context, options.identity, options.paths);
    if (!view) return fail(view.error());

    const Choice choice = choose(view->changes, options);
    const auto planned = plan_apply(view->pair, choice.taken);
    for (const QString& line : change_lines(choice.left))
        say(QStringLiteral("stays: %1").arg(line));
    if (std::all_of(choice.taken.begin(), choice.taken.end(),
                    [](const ReviewedChange& change) { return change.home_already; })) {
        if (choice.left.empty()) say(QStringLiteral("nothing is left to bring home"));
    } else {
        for (const ReviewedChange& reviewed : choice.taken)
            say(change_line(reviewed));
        if (!options.yes) {
            auto agreed = context.ask().confirm(
                QStringLiteral("bring this home to %1?").arg(view->metadata.working_directory),
                QStringLiteral("give --yes to bring it home without being asked"));
            if (!agreed) return fail(agreed.error(), kUsage);
            if (!*agreed) {
                say(QStringLiteral("aborted"));
                return kDone;
            }
        }
    }
    auto report = apply_changes(view->pair, view->metadata, planned);
    if (!report) return fail(report.error());
    return report_outcome(context.options(), options, *report, choice.left);
}

}  // namespace

int run_apply(const GlobalOptions& global, const ApplyOptions& options) {
    auto context = Context::make(global);
    if (!context) return fail(context.error());
    return apply(**context, options);
}

}  // namespace botbottle::cli
