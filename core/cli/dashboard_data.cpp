#include "cli/dashboard_data.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <QJsonDocument>
#include <algorithm>

#include "bottles/inventory.h"
#include "cli/supervise_view.h"
#include "manifest/text.h"

namespace botbottle::cli {
namespace {

constexpr qint64 kAtOnce = qint64{1} << 20;  // of one record, between two looks at the keyboard

QString first_line(const Error& error) {
    return visible(QString::fromStdString(error.message).section(QLatin1Char('\n'), 0, 0));
}

bool is_plain_state(BottleState state) {
    return state != BottleState::Preserved;
}

}  // namespace

bool RecordTail::read_more(QList<RecordLine>& shown) {
    if (!fd_)
        fd_ = UniqueFd(open(file_.toLocal8Bit().constData(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!fd_) return false;
    char buffer[65536];
    qint64 taken = 0;
    ssize_t count = 0;
    while (taken < kAtOnce && (count = read(fd_.get(), buffer, sizeof buffer)) > 0) {
        pending_.append(buffer, count);
        taken += count;
    }
    qsizetype begin = 0;
    for (qsizetype end = pending_.indexOf('\n'); end >= 0; end = pending_.indexOf('\n', begin)) {
        const QJsonObject record =
            QJsonDocument::fromJson(
                QByteArray::fromRawData(pending_.constData() + begin, end - begin))
                .object();
        begin = end + 1;
        const QString event = record.value(QLatin1String("event")).toString();
        const bool denied =
            record.value(QLatin1String("verdict")).toString() == QLatin1String("denied");
        if (event == QLatin1String("decision"))
            ++(denied ? denied_ : allowed_);
        else if (event == QLatin1String("outcome"))
            bytes_ += record.value(QLatin1String("bytes_up")).toInteger() +
                      record.value(QLatin1String("bytes_down")).toInteger();
        else
            event_ = true;
        for (const QString& line : view_.add(record))
            shown.append({record.value(QLatin1String("time")).toString(), line, denied});
    }
    pending_.remove(0, begin);
    return count > 0;
}

void DashboardData::watch(const ProcessReference& process) {
    if (process.pid <= 0) return;
    UniqueFd fd(static_cast<int>(syscall(SYS_pidfd_open, static_cast<pid_t>(process.pid), 0)));
    // Of that pid, and still of that process.
    if (fd && process.alive()) processes_.push_back(std::move(fd));
}

void DashboardData::read_bottles() {
    const Inventory inventory = take_inventory(context_.home(), context_.plugins());
    rows_.clear();
    processes_.clear();
    QSet<QString> here;
    for (const InventoryItem& item : inventory.bottles) {
        if (!is_plain_state(item.state)) continue;
        const Metadata& metadata = item.metadata;
        dashboard::BottleRow row;
        row.identity = metadata.identity;
        row.state = describe(item.state);
        if (!item.remark.isEmpty()) row.state = visible(item.remark);
        row.running = item.state == BottleState::Running;
        row.provider =
            metadata.provider.isEmpty() ? QStringLiteral("-") : visible(metadata.provider);
        row.started = metadata.created;
        rows_ += row;
        here += metadata.identity;
        for (const ProcessReference& process :
             {metadata.launcher, metadata.warden, metadata.inside})
            watch(process);
        if (tails_.contains(metadata.identity)) continue;
        owned_.push_back(
            std::make_unique<RecordTail>(context_.home().audit_file(metadata.identity)));
        tails_.insert(metadata.identity, owned_.back().get());
        if (!first_) read_records({metadata.identity});
    }
    for (const QString& identity : tails_.keys()) {
        if (here.contains(identity)) continue;
        const RecordTail* gone = tails_.take(identity);
        std::erase_if(owned_, [gone](const auto& each) { return each.get() == gone; });
    }
    update_rows();
}

bool DashboardData::read_proposals() {
    QList<dashboard::ProposalRow> rows;
    QSet<QString> now;
    open_.clear();
    for (const QueueEntry& entry : open_proposals(context_.home())) {
        const Proposal& proposal = entry.proposal;
        rows += {proposal.id, visible(proposal.identity), proposal_line(proposal), entry.state(),
                 proposal.created};
        ++open_[proposal.identity];
        now += proposal.id;
    }
    const bool more = !first_ && !known_.contains(now);
    known_ = std::move(now);
    model_.set_proposals(std::move(rows));
    update_rows();
    return more;
}

void DashboardData::read_manifests() {
    context_.forget_manifests();
    const ManifestStore& store = context_.manifests();
    QStringList problems;
    for (const QString& name : store.bottle_names())
        if (auto bottle = store.bottle(name); !bottle) problems += first_line(bottle.error());
    for (const QString& name : store.agent_names())
        if (auto agent = store.agent(name); !agent && problems.isEmpty())
            problems += first_line(agent.error());
    QString text = problems.value(0);
    if (problems.size() > 1) text += QStringLiteral(" (and %1 more)").arg(problems.size() - 1);
    model_.set_problem(text);
}

bool DashboardData::read_records(const QSet<QString>& identities) {
    bool more = false;
    for (const QString& identity : identities) {
        RecordTail* tail = tails_.value(identity);
        if (tail == nullptr) continue;
        QList<RecordLine> shown;
        more |= tail->read_more(shown);
        for (const RecordLine& line : shown)
            model_.add_activity({visible(identity), line.text, line.denied});
        event_ |= tail->take_event();
    }
    update_rows();
    return more;
}

void DashboardData::read_all_records() {
    constexpr qsizetype kLastOfEach = 50;
    QList<std::pair<QString, RecordLine>> before;
    for (auto tail = tails_.constBegin(); tail != tails_.constEnd(); ++tail) {
        QList<RecordLine> lines;
        while ((*tail)->read_more(lines))
            lines.remove(0, std::max<qsizetype>(0, lines.size() - kLastOfEach));
        for (const RecordLine& line : lines.mid(std::max<qsizetype>(0, lines.size() - kLastOfEach)))
            before.append({tail.key(), line});
        (void)(*tail)->take_event();
    }
    std::stable_sort(before.begin(), before.end(),
                     [](const auto& a, const auto& b) { return a.second.time < b.second.time; });
    for (const auto& [identity, line] : before)
        model_.add_activity({visible(identity), line.text, line.denied});
    first_ = false;
    update_rows();
}

void DashboardData::update_rows() {
    for (dashboard::BottleRow& row : rows_) {
        row.open = open_.value(row.identity);
        const RecordTail* tail = tails_.value(row.identity);
        if (tail == nullptr) continue;
        row.allowed = tail->allowed();
        row.denied = tail->denied();
        row.bytes = tail->bytes();
    }
    model_.set_bottles(rows_);
}

}  // namespace botbottle::cli
