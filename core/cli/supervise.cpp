// botbottle supervise: what agents ask for, shown as what it would exactly change, and decided.
#include <QJsonDocument>
#include <QTemporaryDir>
#include <cstdlib>

#include "bottles/warden_connection.h"
#include "cli/commands.h"
#include "cli/editor.h"
#include "cli/messages.h"
#include "cli/output.h"
#include "cli/running_bottle.h"
#include "cli/supervise_grant.h"
#include "cli/supervise_view.h"
#include "files/atomic_file.h"
#include "supervise/decide.h"

namespace botbottle::cli {
namespace {

constexpr std::size_t kLargestPayload = 256 * 1024;

int decided(const GlobalOptions& global, const Home& home, const QString& id) {
    auto entry = find_proposal(home, id);
    if (!entry) return fail(entry.error());
    if (global.json) {
        QJsonObject object = entry_json(*entry);
        object.insert(QStringLiteral("schema"), QStringLiteral("botbottle.proposal-decided/1"));
        print_ascii_json(object);
    }
    return kDone;
}

int approve(const GlobalOptions& global, const SuperviseOptions& options,
            const std::function<Result<QJsonObject>(const Proposal&)>& payload_of) {
    auto context = Context::make(global);
    if (!context) return fail(context.error());
    const Home& home = (*context)->home();
    auto entry = find_proposal(home, options.id);
    if (!entry) return fail(entry.error(), entry.error().code == "usage" ? kUsage : kFailed);
    for (const QString& line : proposal_lines(home, *entry, false))
        say(line);
    auto payload = payload_of(entry->proposal);
    if (!payload) return fail(payload.error());
    auto granted = grant_proposal(**context, entry->proposal, *payload, options);
    if (!granted) return fail(granted.error());
    if (!*granted) {
        say(QStringLiteral("nothing was decided"));
        return kDone;
    }
    return decided(global, home, options.id);
}

// Left out of the file: what the host calls its variables is the operator's to write, too.
Result<QJsonObject> edited(const Proposal& proposal, const SuperviseOptions& options) {
    if (is_held(proposal.tool))
        return failure("cannot_edit", "what is held is let through as it is, or not",
                       "`botbottle supervise approve` or `reject` it");
    const bool image = proposal.tool == QLatin1String(kCapability);
    const QTemporaryDir directory;
    QString file = options.payload;
    if (file.isEmpty()) {
        file =
            directory.filePath(image ? QStringLiteral("Dockerfile") : QStringLiteral("route.json"));
        const QString text = image ? proposal.payload.value(QLatin1String("dockerfile")).toString()
                                   : QString::fromUtf8(QJsonDocument(proposal.payload).toJson());
        if (auto written = files::write_atomically(file.toStdString(), text.toStdString());
            !written)
            return tl::make_unexpected(written.error());
        if (auto opened = open_in_editor(file); !opened) return tl::make_unexpected(opened.error());
    }
    auto text = files::read_file(file.toStdString(), kLargestPayload);
    if (!text) return tl::make_unexpected(text.error());
    if (image) return QJsonObject{{QStringLiteral("dockerfile"), QString::fromStdString(*text)}};
    const QJsonDocument document = QJsonDocument::fromJson(QByteArray::fromStdString(*text));
    if (!document.isObject())
        return failure("bad_payload", "what was edited is not a JSON object",
                       "nothing was decided; edit it again");
    for (const QString& key : document.object().keys()) {
        if (!proposal.payload.contains(key))
            return failure("bad_payload", "there is no member " + key.toStdString(),
                           "host, ports, methods, path_allowlist, auth");
    }
    return document.object();
}

}  // namespace

int run_supervise_list(const GlobalOptions& global, const SuperviseOptions& options) {
    auto context = Context::make(global);
    if (!context) return fail(context.error());
    const Home& home = (*context)->home();
    QList<QueueEntry> entries = open_proposals(home);
    if (options.all) entries += decided_proposals(home);
    if (global.json) {
        QJsonArray array;
        for (const QueueEntry& entry : entries)
            array.append(entry_json(entry));
        print_ascii_json({{QStringLiteral("schema"), QStringLiteral("botbottle.proposals/1")},
                          {QStringLiteral("proposals"), array}});
        return kDone;
    }
    if (entries.isEmpty()) {
        print_line(QStringLiteral("no agent waits for you"));
        return kDone;
    }
    QList<QStringList> rows;
    for (const QueueEntry& entry : entries)
        rows += {entry.proposal.id, entry.proposal.identity, since(entry.proposal.created),
                 entry.state(), proposal_line(entry.proposal)};
    print(table({QStringLiteral("ID"), QStringLiteral("BOTTLE"), QStringLiteral("AGE"),
                 QStringLiteral("STATE"), QStringLiteral("ASKS FOR")},
                rows));
    return kDone;
}

int run_supervise_show(const GlobalOptions& global, const SuperviseOptions& options) {
    auto context = Context::make(global);
    if (!context) return fail(context.error());
    const Home& home = (*context)->home();
    auto entry = find_proposal(home, options.id);
    if (!entry) return fail(entry.error(), entry.error().code == "usage" ? kUsage : kFailed);
    // Without its bottle there is no policy to compare with.
    std::optional<RouteDelta> delta;
    QString digest;
    if (entry->is_open()) {
        if (is_held(entry->proposal.tool)) {
            delta =
                held_delta(entry->proposal.tool, entry->proposal.payload, QStringLiteral("once"));
        } else if (entry->proposal.tool == QLatin1String(kCapability)) {
            if (auto made = preview_grant(**context, entry->proposal, entry->proposal.payload,
                                          QStringLiteral("session"))) {
                delta = made->delta;
                digest = made->live.digest;
            }
        } else if (auto live = live_policy(**context, entry->proposal.identity)) {
            delta = route_delta(live->policy, entry->proposal.payload);
            digest = live->digest;
        }
    }
    if (global.json) {
        QJsonObject object = entry_json(*entry);
        object.insert(QStringLiteral("delta"),
                      delta ? QJsonValue(QJsonArray::fromStringList(delta->words)) : QJsonValue());
        object.insert(QStringLiteral("refusal"), delta && !delta->refusal.isEmpty()
                                                     ? QJsonValue(delta->refusal)
                                                     : QJsonValue());
        object.insert(QStringLiteral("policy_digest"),
                      digest.isEmpty() ? QJsonValue() : QJsonValue(digest));
        print_ascii_json(object);
        return kDone;
    }
    for (const QString& line : proposal_lines(home, *entry))
        print_line(line);
    if (!delta) return kDone;
    for (const QString& line : delta_lines(*delta))
        print_line(line);
    return kDone;
}

int run_supervise_approve(const GlobalOptions& global, const SuperviseOptions& options) {
    return approve(global, options,
                   [](const Proposal& proposal) { return Result<QJsonObject>(proposal.payload); });
}

int run_supervise_edit(const GlobalOptions& global, const SuperviseOptions& options) {
    return approve(global, options,
                   [&](const Proposal& proposal) { return edited(proposal, options); });
}

int run_supervise_reject(const GlobalOptions& global, const SuperviseOptions& options) {
    auto context = Context::make(global);
    if (!context) return fail(context.error());
    const Home& home = (*context)->home();
    auto entry = find_proposal(home, options.id);
    if (!entry) return fail(entry.error(), entry.error().code == "usage" ? kUsage : kFailed);
    Decision decision;
    decision.status = QStringLiteral("rejected");
    decision.notes = options.reason;
    if (auto done = decide(home, entry->proposal, decision, nullptr); !done)
        return fail(done.error());
    if (!global.json) say(QStringLiteral("%1 is rejected; the agent is told why").arg(options.id));
    return decided(global, home, options.id);
}

}  // namespace botbottle::cli
