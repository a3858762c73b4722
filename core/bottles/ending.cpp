#include "bottles/ending.h"

#include "bottles/apply.h"
#include "bottles/bring_out.h"
#include "bottles/fault.h"
#include "bottles/interrupt.h"
#include "bottles/own_image.h"
#include "bottles/records.h"
#include "bottles/warden_connection.h"
#include "bottles/workspace.h"
#include "files/lock.h"
#include "files/tree_removal.h"

namespace botbottle {
namespace {

constexpr int kWardenEndMs = 5000;

class Ending {
  public:
    Ending(const Home& home, BackendPlugin& backend, Metadata metadata)
        : home_(home), backend_(backend), metadata_(std::move(metadata)) {}

    Result<EndReport> run(const EndRequest& request) {
        report_.state_dir = metadata_.state_dir;
        report_.workspace = metadata_.workspace;
        report_.has_agent = !metadata_.agent.isEmpty();
        // Whoever goes on after a kill must know that the agent did not succeed.
        if (request.exit_code.value_or(0) != 0 && metadata_.lifetime != Lifetime::ThrowAway) {
            metadata_.exit_code = request.exit_code;
            if (auto saved = save_metadata(metadata_, files::Durability::kSurvivesProcess); !saved)
                return tl::make_unexpected(saved.error());
        }
        fault_point("stop.recorded");
        bring_out();
        fault_point("stop.brought");
        if (auto stopped = stop_everything(request.grace_ms); !stopped)
            return tl::make_unexpected(stopped.error());
        fault_point("stop.stopped");
        // A backend may keep the files of what it has stopped.
        if (!brought_) bring_out();
        note("the runtime directory", files::remove_tree(metadata_.runtime_dir.toStdString()));
        fault_point("stop.runtime");
        report_.because = reason_to_keep(request);
        if (brought_)
            report_.notes += *brought_;
        else if (report_.because != why_not_brought())
            report_.notes += why_not_brought();
        fault_point("stop.judged");
        report_.preserved = !report_.because.isEmpty();
        if (report_.preserved) {
            if (auto kept = preserve(); !kept) return tl::make_unexpected(kept.error());
            fault_point("stop.preserved");
        } else {
            remove();
        }
        return std::move(report_);
    }

    EndReport discard() {
        remove();
        return std::move(report_);
    }

  private:
    // The door closes first: the warden ends while the backend ends what is inside. Both must be
    // over before the state is looked at.
    Result<void> stop_everything(int grace_ms) {
        auto warden = WardenConnection::open(metadata_.runtime_dir);
        // It may have seen the bottle's end already, and be on its way.
        if (warden) (void)warden->send(QStringLiteral("stop"), {{QStringLiteral("grace_ms"), 0}});
        QJsonObject stop = backend_request(metadata_);
        stop[QStringLiteral("grace_ms")] = grace_ms;
        auto stopped = backend_.stop(stop);
        if (!stopped && stopped.error().code != "not_found")
            return tl::make_unexpected(stopped.error());
        // The kernel has the last word: what runs is not tidied away.
        if (metadata_.inside.alive())
            return failure("still_running", "process " + std::to_string(metadata_.inside.pid) +
                                                " of " + metadata_.identity.toStdString() +
                                                " still runs");
        return warden ? warden->wait_for_end(kWardenEndMs) : Result<void>();
    }

    // While it runs: afterwards a bottle's own directories may be gone. What an end that was killed
    // has brought out is all that there is to be had of a bottle that is no more.
    void bring_out() {
        brought_ = QStringList();
        if (metadata_.lifetime == Lifetime::ThrowAway || metadata_.phase == BottlePhase::Launching)
            return;
        brought_ = bring_workspace_out(backend_, metadata_);
        if (brought_) {
            if (auto kept = bring_conversation_out(backend_, metadata_); !kept)
                brought_ = tl::make_unexpected(kept.error());
        }
        if (!brought_ && metadata_.brought_out) brought_ = QStringList();
        if (!brought_ || metadata_.brought_out || !metadata_.keeps_inside()) return;
        metadata_.brought_out = true;
        if (auto saved = save_metadata(metadata_, files::Durability::kSurvivesProcess); !saved)
            brought_ = tl::make_unexpected(saved.error());
    }

    QString why_not_brought() const {
        return QStringLiteral("what the agent did in the bottle could not be brought out: ") +
               QString::fromStdString(brought_.error().message);
    }

    // Empty: nothing of it is worth keeping.
    QString reason_to_keep(const EndRequest& request) const {
        if (metadata_.phase == BottlePhase::Launching)
            return metadata_.resumed ? QStringLiteral("its resume was interrupted") : QString();
        if (request.keep || metadata_.lifetime == Lifetime::Kept)
            return QStringLiteral("--keep was given");
        if (metadata_.lifetime == Lifetime::ThrowAway) return {};
        if (metadata_.exit_code.value_or(0) != 0)
            return QStringLiteral("the agent ended with exit code %1").arg(*metadata_.exit_code);
        if (!request.lost.isEmpty()) return request.lost;
        if (awaits_own_image(metadata_))
            return QStringLiteral("its next start is with the image that was approved");
        if (!brought_) return why_not_brought();
        const auto changes = workspace_changes(metadata_);
        if (!changes)
            return QStringLiteral("its workspace could not be compared: ") +
                   QString::fromStdString(changes.error().message);
        if (changes->empty()) return {};
        return QStringLiteral("the workspace copy was changed (%1)").arg(describe(*changes));
    }

    Result<void> preserve() {
        metadata_.phase = BottlePhase::Preserved;
        metadata_.preserved_because = report_.because;
        metadata_.launcher = metadata_.warden = metadata_.inside = {};
        return save_metadata(metadata_);
    }

    // First it says so: who finds the rest after a kill must not take it for something to keep.
    void remove() {
        const bool thrown_away = metadata_.lifetime == Lifetime::ThrowAway;
        metadata_.lifetime = Lifetime::ThrowAway;
        if (!thrown_away) {
            metadata_.phase = BottlePhase::Running;
            note("its metadata", save_metadata(metadata_));
        }
        fault_point("stop.removing");
        note("an interrupted apply", recover_apply(metadata_));
        auto removed = backend_.remove(backend_request(metadata_));
        if (!removed) report_.notes.append(QString::fromStdString(removed.error().message));
        fault_point("stop.backend");
        note("the state directory", files::remove_tree(metadata_.state_dir.toStdString()));
        note("its queue", files::remove_tree(home_.queue(metadata_.identity).toStdString()));
        fault_point("stop.state");
        remove_empty_log(home_, metadata_.identity);
        if (thrown_away) remove_idle_record(home_, metadata_.identity);
    }

    void note(const char* what, const Result<void>& done) {
        if (!done)
            report_.notes.append(
                QStringLiteral("%1 remains: %2")
                    .arg(QLatin1String(what), QString::fromStdString(done.error().message)));
    }

    const Home& home_;
    BackendPlugin& backend_;
    Metadata metadata_;
    EndReport report_;
    Result<QStringList> brought_ = QStringList();  // notes, or why nothing came out
};

}  // namespace

Result<EndReport> end_bottle(const Home& home, BackendPlugin& backend, const EndRequest& request) {
    auto lock = files::FileLock::acquire(home.lock_file(request.identity).toStdString(),
                                         [&request](const std::string& holder) {
                                             if (request.waiting)
                                                 request.waiting(QString::fromStdString(holder));
                                         });
    if (!lock) return tl::make_unexpected(lock.error());
    const TidyingUp tidying;
    auto metadata = load_metadata(home, request.identity);
    if (!metadata && metadata.error().code != "unknown_identity")
        return tl::make_unexpected(metadata.error());
    if (!metadata || metadata->phase == BottlePhase::Preserved) {
        EndReport nothing;
        nothing.existed = false;
        if (!metadata) std::move(*lock).release_and_remove();
        return nothing;
    }
    if (request.generation != 0 && metadata->generation != request.generation) {
        EndReport other;
        other.existed = false;
        other.goes_on = std::move(*metadata);
        return other;
    }
    auto report = Ending(home, backend, std::move(*metadata)).run(request);
    if (report && !report->preserved) std::move(*lock).release_and_remove();
    return report;
}

Result<EndReport> remove_preserved(const Home& home, BackendPlugin& backend,
                                   const QString& identity) {
    auto lock = files::FileLock::acquire(home.lock_file(identity).toStdString());
    if (!lock) return tl::make_unexpected(lock.error());
    const TidyingUp tidying;
    auto metadata = load_metadata(home, identity);
    if (!metadata) return tl::make_unexpected(metadata.error());
    if (metadata->phase != BottlePhase::Preserved)
        return failure("not_preserved", identity.toStdString() + " is not preserved: it may run",
                       "`botbottle stop " + identity.toStdString() + "` ends it");
    EndReport report = Ending(home, backend, std::move(*metadata)).discard();
    std::move(*lock).release_and_remove();
    return report;
}

}  // namespace botbottle
