#include "cli/supervise_view.h"

#include <QJsonDocument>
#include <algorithm>

#include "cli/audit_line.h"
#include "cli/output.h"
#include "files/atomic_file.h"
#include "manifest/text.h"

namespace botbottle::cli {
namespace {

constexpr qsizetype kShown = 1000;
constexpr qsizetype kDecisionsShown = 3;
constexpr std::size_t kLargestRecord = std::size_t{64} << 20;

// The last denied request to that host, as the record has it.
QString failed_request(const Home& home, const Proposal& proposal, bool marked) {
    const QString host = proposal.payload.value(QLatin1String("host")).toString();
    const auto record =
        files::read_file(home.audit_file(proposal.identity).toStdString(), kLargestRecord);
    if (!record || host.isEmpty()) return {};
    QString last;
    for (const QByteArray& line : QByteArray::fromStdString(*record).split('\n')) {
        if (!line.contains("denied") || !line.contains(host.toUtf8())) continue;
        const QJsonObject object = QJsonDocument::fromJson(line).object();
        if (object.value(QLatin1String("event")) != QLatin1String("decision")) continue;
        const QStringList lines = AuditView(false, marked).add(object);
        if (!lines.isEmpty()) last = lines.last();
    }
    return last;
}

}  // namespace

QString since(const QDateTime& time) {
    const qint64 seconds = std::max<qint64>(0, time.secsTo(QDateTime::currentDateTimeUtc()));
    if (seconds < 60) return QStringLiteral("%1 s").arg(seconds);
    if (seconds < 3600) return QStringLiteral("%1 min").arg(seconds / 60);
    return QStringLiteral("%1 h").arg(seconds / 3600);
}

QString proposal_line(const Proposal& proposal) {
    if (proposal.tool == QLatin1String("egress-block")) return route_words(proposal.payload);
    if (proposal.tool == QLatin1String(kCapability))
        return QStringLiteral("another image for the bottle, built from a Dockerfile of its own");
    if (is_held(proposal.tool)) return held_words(proposal.tool, proposal.payload);
    return visible(proposal.tool);
}

QStringList proposal_lines(const Home& home, const QueueEntry& entry, bool marked) {
    const Proposal& proposal = entry.proposal;
    const QString head = QStringLiteral("%1  %2  %3")
                             .arg(proposal.id, visible(proposal.identity), visible(proposal.tool));
    QStringList lines{marked ? styled(head, Style::Bold) : head};
    lines += QStringLiteral("state:   %1, asked %2 ago, expires %3")
                 .arg(entry.state(), since(proposal.created),
                      proposal.expires.toLocalTime().toString(QStringLiteral("yyyy-MM-dd HH:mm")));
    lines += QStringLiteral("asks:    ") + proposal_line(proposal);
    // What is held is its own reason; of a push the agent may say more.
    if (!is_held(proposal.tool) || !proposal.justification.isEmpty()) {
        QString reason = visible(proposal.justification.left(kShown));
        if (proposal.justification.size() > kShown) reason += QStringLiteral("…");
        lines += QStringLiteral("reason:  ") + reason;
    }
    if (!is_held(proposal.tool) && proposal.tool != QLatin1String(kCapability)) {
        const QString failed = failed_request(home, proposal, marked);
        lines += QStringLiteral("failed:  ") +
                 (failed.isEmpty() ? QStringLiteral("no request to this host was denied") : failed);
    }
    if (entry.decision)
        lines += QStringLiteral("decided: %1 by %2 %3")
                     .arg(visible(entry.decision->status), visible(entry.decision->decided_by),
                          visible(entry.decision->notes));
    for (const QueueEntry& other :
         decided_proposals(home, proposal.identity).mid(0, kDecisionsShown)) {
        if (other.proposal.id == proposal.id) continue;
        lines += QStringLiteral("before:  %1 %2: %3")
                     .arg(other.proposal.id, visible(other.decision->status),
                          proposal_line(other.proposal));
    }
    return lines;
}

QStringList delta_lines(const RouteDelta& delta) {
    QStringList lines;
    for (qsizetype at = 0; at < delta.words.size(); ++at)
        lines +=
            (at == 0 ? QStringLiteral("change:  ") : QStringLiteral("         ")) + delta.words[at];
    if (!delta.refusal.isEmpty()) lines += QStringLiteral("cannot:  ") + delta.refusal;
    return lines;
}

QJsonObject entry_json(const QueueEntry& entry) {
    QJsonObject object = to_json(entry.proposal);
    object.insert(QStringLiteral("state"), entry.state());
    object.insert(QStringLiteral("decision"),
                  entry.decision ? QJsonValue(to_json(*entry.decision)) : QJsonValue());
    return object;
}

}  // namespace botbottle::cli
