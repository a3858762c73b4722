#include "supervise/decide.h"

#include <pwd.h>
#include <unistd.h>

#include <QJsonDocument>
#include <cerrno>

#include "bottles/fault.h"
#include "files/atomic_file.h"
#include "files/lock.h"
#include "files/system_error.h"
#include "supervise/queue.h"

namespace botbottle {
namespace {

std::string text_of(const Decision& decision) {
    return QJsonDocument(to_json(decision)).toJson(QJsonDocument::Compact).toStdString() + '\n';
}

// link() never replaces: supervise writes expired decisions at the same place.
Result<void> write_once(const std::string& path, const Decision& decision) {
    const std::string draft = path + '.' + std::to_string(getpid());
    if (auto written = files::write_atomically(draft, text_of(decision)); !written) return written;
    const int linked = link(draft.c_str(), path.c_str());
    const int error = errno;
    unlink(draft.c_str());
    if (linked == 0) return {};
    errno = error;
    return error == EEXIST ? failure("already_decided", "")
                           : files::system_failure("cannot_write", "write", path);
}

tl::unexpected<Error> already(const QString& id, const Decision& decision) {
    QString message =
        QStringLiteral("%1 was %2 already, by %3").arg(id, decision.status, decision.decided_by);
    if (decision.decided.isValid())
        message += QStringLiteral(", at %1").arg(
            decision.decided.toLocalTime().toString(QStringLiteral("HH:mm:ss")));
    return failure("already_decided", message.toStdString(),
                   "`botbottle supervise show " + id.toStdString() + "` shows it");
}

Result<QueueEntry> look_again(const Home& home, const Proposal& proposal,
                              const Decision& decision) {
    auto entry = find_proposal(home, proposal.id);
    if (!entry) return entry;
    if (!entry->is_open()) return already(proposal.id, *entry->decision);
    if (entry->decision && decision.status == QLatin1String("rejected"))
        return failure("half_done", proposal.id.toStdString() + " is approved, but not applied yet",
                       "approve it again to finish, then revoke the route");
    if (!entry->decision && entry->state() == QLatin1String("expired"))
        return failure("expired", proposal.id.toStdString() + " has expired",
                       "the agent can propose it again");
    return entry;
}

}  // namespace

QString operator_name() {
    const struct passwd* entry = getpwuid(geteuid());
    return entry != nullptr ? QString::fromLocal8Bit(entry->pw_name)
                            : QStringLiteral("uid %1").arg(geteuid());
}

Result<void> decide(const Home& home, const Proposal& proposal, Decision decision,
                    const std::function<Result<void>()>& apply) {
    const std::string lock_name =
        (home.queue(proposal.identity) + QStringLiteral("/lock")).toStdString();
    auto lock = files::FileLock::acquire(lock_name);
    if (!lock) return tl::make_unexpected(lock.error());
    auto entry = look_again(home, proposal, decision);
    if (!entry) return tl::make_unexpected(entry.error());
    const std::string path = decision_file(home, proposal.identity, proposal.id).toStdString();
    decision.id = proposal.id;
    decision.decided = QDateTime::currentDateTimeUtc();
    decision.decided_by = operator_name();
    decision.applied = apply == nullptr;
    if (!entry->decision) {
        if (auto written = write_once(path, decision); !written) {
            if (written.error().code != "already_decided") return written;
            auto now = find_proposal(home, proposal.id);
            if (now && now->decision) return already(proposal.id, *now->decision);
            return written;
        }
    }
    if (!apply) return {};
    fault_point("supervise.intent");
    if (auto applied = apply(); !applied) {
        unlink(path.c_str());
        return applied;
    }
    fault_point("supervise.applied");
    decision.applied = true;
    return files::write_atomically(path, text_of(decision));
}

}  // namespace botbottle
