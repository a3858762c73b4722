// The dashboard's loop: waits for keys, for changes and for its children, and does what the model
// asks for.
#pragma once

#include <sys/types.h>

#include <QByteArray>
#include <QString>
#include <QStringList>
#include <optional>

#include "cli/context.h"
#include "cli/dashboard_data.h"
#include "cli/supervise_grant.h"
#include "dashboard/frame.h"
#include "dashboard/keys.h"
#include "dashboard/model.h"
#include "dashboard/screen.h"
#include "dashboard/watch.h"
#include "files/unique_fd.h"

namespace botbottle::cli {

class DashboardLoop {
  public:
    explicit DashboardLoop(Context& context);
    ~DashboardLoop();
    DashboardLoop(const DashboardLoop&) = delete;
    DashboardLoop& operator=(const DashboardLoop&) = delete;

    // Until the operator leaves or the process is told to end.
    int run();

    // What it would show now, as text.
    QString once(int columns, int rows);

  private:
    // A command of ours whose words come to the status line when it has ended.
    struct Quiet {
        pid_t pid = -1;
        UniqueFd output;
        QByteArray said;
    };

    void read_everything();
    void wait();
    void take_signals();
    void take_keys();
    void take_changes();
    void take_quiet(Quiet& command);
    void draw(bool everything);
    void act(const dashboard::Action& action);
    void show_proposal(const QString& id);
    void show_policy(const QString& identity);
    void preview(const QString& id, const QString& scope, const QStringList& first);
    void grant(const QString& id);
    void reject(const QString& id, const QString& reason);
    void on_the_terminal(const QStringList& arguments);
    void quietly(const QStringList& arguments);
    void split(const QString& identity);

    Context& context_;
    dashboard::Model model_;
    DashboardData data_;
    dashboard::Screen screen_;
    dashboard::Watch watch_;
    dashboard::KeyReader keys_;
    dashboard::Frame shown_;
    std::optional<GrantPreview> previewed_;
    UniqueFd signals_;
    std::vector<Quiet> quiet_;
    bool colours_ = true;
    bool ends_ = false;
    bool more_to_read_ = false;
    bool bottles_changed_ = false;
    qint64 bottles_read_ = 0;  // milliseconds of the monotonic clock
};

}  // namespace botbottle::cli
