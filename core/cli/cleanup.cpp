// botbottle cleanup: shows what crashes left behind, asks once, removes it.
#include "bottles/cleanup.h"

#include <QJsonArray>

#include "bottles/ending.h"
#include "bottles/fault.h"
#include "bottles/workspace.h"
#include "cli/bottle_session.h"
#include "cli/commands.h"
#include "cli/messages.h"
#include "cli/output.h"
#include "manifest/text.h"

namespace botbottle::cli {
namespace {

QJsonObject leftover_json(const Leftover& leftover) {
    return {{QStringLiteral("kind"), to_string(leftover.kind)},
            {QStringLiteral("identity"), leftover.identity},
            {QStringLiteral("backend"), leftover.backend},
            {QStringLiteral("item"), leftover.item},
            {QStringLiteral("description"), leftover.description}};
}

void show(const QList<Leftover>& leftovers) {
    QList<QStringList> rows;
    for (const Leftover& leftover : leftovers)
        rows.append({to_string(leftover.kind), leftover.identity, visible(leftover.description)});
    std::fputs(
        table({QStringLiteral("KIND"), QStringLiteral("IDENTITY"), QStringLiteral("WHAT IT IS")},
              rows)
            .toUtf8()
            .constData(),
        stderr);
}

int remove_all(Context& context, const QList<Leftover>& leftovers) {
    int code = kDone;
    QJsonArray documents;
    for (const Leftover& leftover : leftovers) {
        QJsonObject document = leftover_json(leftover);
        auto done = remove_leftover(context.home(), context.plugins(), leftover);
        fault_point("cleanup.removed");
        const QString what =
            QStringLiteral("%1 %2").arg(to_string(leftover.kind), leftover.identity);
        if (done) {
            say(QStringLiteral("%1: %2").arg(what, *done));
            document[QStringLiteral("outcome")] = *done;
        } else {
            Error error = done.error();
            error.message = what.toStdString() + ": " + error.message;
            code = fail(error);
            document[QStringLiteral("outcome")] =
                QStringLiteral("failed: ") + QString::fromStdString(done.error().message);
        }
        documents.append(document);
    }
    if (context.options().json)
        print_json({{QStringLiteral("schema"), QStringLiteral("botbottle.cleanup/1")},
                    {QStringLiteral("items"), documents}});
    return code;
}

QString what_it_holds(const Metadata& metadata) {
    const auto changes = workspace_changes(metadata);
    if (!changes) return QStringLiteral("its workspace could not be compared");
    return changes->empty()
               ? QStringLiteral("nothing was changed in its workspace")
               : QStringLiteral("changes that did not come home: ") + describe(*changes);
}

Result<void> remove_one(Context& context, const Metadata& metadata) {
    auto backend = context.plugins().backend(metadata.backend);
    if (!backend) return tl::make_unexpected(backend.error());
    auto report = remove_preserved(context.home(), **backend, metadata.identity);
    if (!report) return tl::make_unexpected(report.error());
    for (const QString& note : report->notes)
        warn(note);
    return {};
}

// What was kept is somebody's work: it goes only by its name, and after a look at it.
int remove_kept(Context& context, const QStringList& identities, bool yes) {
    QList<Metadata> kept;
    QList<QStringList> rows;
    for (const QString& identity : identities) {
        auto metadata = load_metadata(context.home(), identity);
        if (!metadata) return fail(metadata.error());
        if (metadata->phase != BottlePhase::Preserved)
            return fail({"not_preserved", identity.toStdString() + " is not preserved: it may run",
                         "`botbottle stop " + identity.toStdString() + "` ends it"});
        rows.append({identity, visible(what_it_holds(*metadata))});
        kept.append(std::move(*metadata));
    }
    std::fputs(table({QStringLiteral("IDENTITY"), QStringLiteral("WHAT IS LOST WITH IT")}, rows)
                   .toUtf8()
                   .constData(),
               stderr);
    if (!yes) {
        auto agreed =
            context.ask().confirm(QStringLiteral("remove this?"),
                                  QStringLiteral("give --yes to remove it without being asked"));
        if (!agreed) return fail(agreed.error());
        if (!*agreed) {
            say(QStringLiteral("aborted"));
            return kDone;
        }
    }
    int code = kDone;
    for (const Metadata& metadata : kept) {
        if (auto removed = remove_one(context, metadata); !removed)
            code = fail(removed.error());
        else
            say(QStringLiteral("%1 removed").arg(metadata.identity));
    }
    return code;
}

}  // namespace

int run_cleanup(const GlobalOptions& global, const QStringList& identities, bool yes) {
    auto made = Context::make(global);
    if (!made) return fail(made.error());
    Context& context = **made;
    if (!identities.isEmpty()) return remove_kept(context, identities, yes);
    forget_old_records(context);
    QStringList notes;
    const QList<Leftover> leftovers = find_leftovers(context.home(), context.plugins(), notes);
    for (const QString& note : notes)
        warn(note);
    if (leftovers.isEmpty()) {
        say(QStringLiteral("nothing to clean up"));
        return remove_all(context, leftovers);
    }
    show(leftovers);
    if (!yes) {
        auto agreed =
            context.ask().confirm(QStringLiteral("remove this?"),
                                  QStringLiteral("give --yes to remove it without being asked"));
        if (!agreed) return fail(agreed.error());
        if (!*agreed) {
            say(QStringLiteral("aborted"));
            return kDone;
        }
    }
    return remove_all(context, leftovers);
}

}  // namespace botbottle::cli
