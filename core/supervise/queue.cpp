#include "supervise/queue.h"

#include <sys/stat.h>
#include <unistd.h>

#include <QDir>
#include <QJsonDocument>
#include <algorithm>

#include "bottles/identity.h"
#include "files/atomic_file.h"

namespace botbottle {
namespace {

constexpr std::size_t kLargest = 512 * 1024;
const QString kProposalEnd = QStringLiteral(".proposal.json");
const QString kDecisionEnd = QStringLiteral(".decision.json");
const QString kArchive = QStringLiteral("/archive");

// Ours and a file; nobody else may put a proposal or a decision there.
std::optional<QJsonObject> read_document(const QString& path) {
    struct stat status = {};
    const std::string name = path.toStdString();
    if (lstat(name.c_str(), &status) != 0 || !S_ISREG(status.st_mode) || status.st_uid != geteuid())
        return std::nullopt;
    const auto text = files::read_file(name, kLargest);
    if (!text) return std::nullopt;
    const QJsonDocument document = QJsonDocument::fromJson(QByteArray::fromStdString(*text));
    if (!document.isObject()) return std::nullopt;
    return document.object();
}

std::optional<QueueEntry> read_entry(const QString& directory, const QString& identity,
                                     const QString& id) {
    const auto object = read_document(directory + QLatin1Char('/') + id + kProposalEnd);
    if (!object) return std::nullopt;
    auto proposal = proposal_from_json(*object);
    if (!proposal || proposal->id != id || proposal->identity != identity) return std::nullopt;
    QueueEntry entry{std::move(*proposal), std::nullopt};
    if (const auto decided = read_document(directory + QLatin1Char('/') + id + kDecisionEnd)) {
        auto decision = decision_from_json(*decided);
        if (decision && decision->id == id) entry.decision = std::move(*decision);
    }
    return entry;
}

QList<QueueEntry> read_directory(const QString& directory, const QString& identity) {
    QList<QueueEntry> entries;
    // The oldest first: what came within one second keeps its order.
    const QStringList names = QDir(directory).entryList(
        {QLatin1Char('*') + kProposalEnd}, QDir::Files | QDir::Hidden, QDir::Time | QDir::Reversed);
    for (const QString& name : names) {
        const QString id = name.left(name.size() - kProposalEnd.size());
        if (!is_proposal_id(id)) continue;
        if (auto entry = read_entry(directory, identity, id)) entries.append(std::move(*entry));
    }
    return entries;
}

QStringList identities(const Home& home) {
    QStringList names;
    for (const QString& name :
         QDir(home.queue_root()).entryList(QDir::Dirs | QDir::NoDotAndDotDot, QDir::Name))
        if (is_identity(name)) names += name;
    return names;
}

}  // namespace

QString QueueEntry::state() const {
    if (decision && !decision->applied) return QStringLiteral("half done");
    if (decision) return decision->status;
    return proposal.expires <= QDateTime::currentDateTimeUtc() ? QStringLiteral("expired")
                                                               : QStringLiteral("pending");
}

QString proposal_file(const Home& home, const QString& identity, const QString& id) {
    return home.queue(identity) + QLatin1Char('/') + id + kProposalEnd;
}

QString decision_file(const Home& home, const QString& identity, const QString& id) {
    return home.queue(identity) + QLatin1Char('/') + id + kDecisionEnd;
}

QList<QueueEntry> open_proposals(const Home& home) {
    QList<QueueEntry> entries;
    for (const QString& identity : identities(home)) {
        for (QueueEntry& entry : read_directory(home.queue(identity), identity))
            if (entry.is_open()) entries.append(std::move(entry));
    }
    std::stable_sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) {
        return a.proposal.created < b.proposal.created;
    });
    return entries;
}

QList<QueueEntry> decided_proposals(const Home& home, const QString& identity) {
    QList<QueueEntry> entries = read_directory(home.queue(identity) + kArchive, identity);
    for (QueueEntry& entry : read_directory(home.queue(identity), identity))
        if (!entry.is_open()) entries.append(std::move(entry));
    entries.removeIf([](const QueueEntry& entry) { return entry.is_open(); });
    std::stable_sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) {
        return a.decision->decided > b.decision->decided;
    });
    return entries;
}

QList<QueueEntry> decided_proposals(const Home& home) {
    QList<QueueEntry> entries;
    for (const QString& identity : identities(home))
        entries += decided_proposals(home, identity);
    return entries;
}

Result<QueueEntry> find_proposal(const Home& home, const QString& id) {
    if (!is_proposal_id(id))
        return failure("usage", "that is not the id of a proposal",
                       "`botbottle supervise list` shows the ids");
    for (const QString& identity : identities(home)) {
        for (const QString& directory : {home.queue(identity), home.queue(identity) + kArchive})
            if (auto entry = read_entry(directory, identity, id)) return std::move(*entry);
    }
    return failure("unknown_proposal", "there is no proposal " + id.toStdString(),
                   "`botbottle supervise list` shows what waits");
}

}  // namespace botbottle
