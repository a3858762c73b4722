// What the dashboard shows, read from the operator's home and put into its model. Nothing is read
// again that did not change.
#pragma once

#include <QHash>
#include <QSet>
#include <QString>
#include <vector>

#include "bottles/process_reference.h"
#include "cli/audit_line.h"
#include "cli/context.h"
#include "dashboard/model.h"
#include "files/unique_fd.h"
#include "supervise/queue.h"

namespace botbottle::cli {

struct RecordLine {
    QString time;  // as the record has it: such texts sort by time
    QString text;
    bool denied = false;
};

// One bottle's record as it grows.
class RecordTail {
  public:
    explicit RecordTail(const QString& file) : file_(file), view_(true, false) {}

    // Takes in what is new, at most a part of it: true when there is more. Lines to show are
    // appended to `shown`.
    bool read_more(QList<RecordLine>& shown);

    qint64 allowed() const { return allowed_; }
    qint64 denied() const { return denied_; }
    qint64 bytes() const { return bytes_; }
    // A sidecar died, a policy changed: said once.
    bool take_event() { return std::exchange(event_, false); }

  private:
    QString file_;
    UniqueFd fd_;
    QByteArray pending_;
    AuditView view_;
    qint64 allowed_ = 0;
    qint64 denied_ = 0;
    qint64 bytes_ = 0;
    bool event_ = false;
};

class DashboardData {
  public:
    DashboardData(Context& context, dashboard::Model& model) : context_(context), model_(model) {}

    void read_bottles();
    // True when one is there that was not before.
    bool read_proposals();
    void read_manifests();
    // Of these bottles. True when there is more to read of some.
    bool read_records(const QSet<QString>& identities);
    // Of all bottles that are shown, to their ends; the last lines of each are activity.
    void read_all_records();
    // Rows as the numbers are now.
    void update_rows();

    // Readable when one of the bottles' processes has ended.
    const std::vector<UniqueFd>& processes() const { return processes_; }
    // Something happened to a bottle itself since the last call.
    bool take_event() { return std::exchange(event_, false); }

  private:
    void watch(const ProcessReference& process);

    Context& context_;
    dashboard::Model& model_;
    QList<dashboard::BottleRow> rows_;
    QHash<QString, RecordTail*> tails_;
    std::vector<std::unique_ptr<RecordTail>> owned_;
    QHash<QString, int> open_;
    QSet<QString> known_;
    std::vector<UniqueFd> processes_;
    bool event_ = false;
    bool first_ = true;
};

}  // namespace botbottle::cli
