// Model: all that the dashboard knows, and what a key makes of it. Pure: whoever runs it does what
// an Action says, and puts the result back.
//
// Text is ready for a terminal: what an agent or a repository wrote went through visible() before.
#pragma once

#include <QDateTime>
#include <QList>
#include <QString>
#include <QStringList>

#include "dashboard/keys.h"

namespace botbottle::dashboard {

struct ProposalRow {
    QString id;
    QString identity;
    QString asks;
    QString state;
    QDateTime created;
};

struct BottleRow {
    QString identity;
    QString state;
    bool running = false;
    QString provider;
    QDateTime started;
    qint64 allowed = 0;
    qint64 denied = 0;
    qint64 bytes = 0;
    int open = 0;  // proposals
};

struct ActivityRow {
    QString identity;
    QString text;
    bool denied = false;
};

enum class Pane { Proposals, Bottles, Activity };

enum class Mode {
    Lists,
    Filter,   // a line is typed: what the lists are narrowed to
    Picker,   // which agent to start
    Text,     // something to read: a proposal, a policy, the help
    Approve,  // the change, and a question
    Reason,   // a line is typed: why a proposal is rejected
    Stop      // a question
};

struct Action {
    enum class Kind {
        None,
        Quit,
        Redraw,
        Show,     // subject: a proposal
        Policy,   // subject: a bottle
        Preview,  // subject: a proposal; text: the scope. The answer goes to show_change()
        Grant,    // what was previewed last
        Edit,
        Reject,  // text: the reason
        Pick,    // the agents' names are wanted: show_agents()
        Start,   // subject: an agent
        Attach,
        Split,  // attach in a tmux split
        Stop
    };
    Kind kind = Kind::None;
    QString subject;
    QString text;
};

struct Selection {
    QString name;  // of the row: rows come and go above it
    int row = 0;   // where it was, for when it is gone
};

class Model {
  public:
    // ---- what the world says

    void set_size(int columns, int rows);
    void set_proposals(QList<ProposalRow> rows);  // first in, first out
    void set_bottles(QList<BottleRow> rows);      // in an order that never changes
    void add_activity(const ActivityRow& row);
    void set_problem(const QString& problem) { problem_ = problem; }  // a broken manifest, or none
    void say(const QString& message) { message_ = message; }
    void set_inside_tmux(bool inside) { inside_tmux_ = inside; }

    void show_text(const QString& title, const QStringList& lines);
    void show_change(const QString& id, const QString& scope, const QStringList& lines,
                     bool possible);
    void show_agents(const QStringList& names);
    void show_lists() { mode_ = Mode::Lists; }

    // ---- what the operator does

    Action handle(const Key& key);

    // ---- what is to be seen

    int columns() const { return columns_; }
    int rows() const { return rows_; }
    Mode mode() const { return mode_; }
    Pane pane() const { return pane_; }
    QList<ProposalRow> proposals() const;  // those that the filter leaves
    QList<BottleRow> bottles() const;
    QList<ActivityRow> activity() const;
    qsizetype proposals_in_all() const { return proposals_.size(); }
    const QList<BottleRow>& all_bottles() const { return bottles_; }
    int chosen(Pane pane) const;
    int activity_back() const { return activity_back_; }
    const QString& filter() const { return filter_; }
    const QString& typed() const { return typed_; }
    const QString& subject() const { return subject_; }
    const QString& scope() const { return scope_; }
    bool possible() const { return possible_; }
    bool inside_tmux() const { return inside_tmux_; }
    QString status() const { return message_.isEmpty() ? problem_ : message_; }

    // An overlay's text, wrapped, and the part of it that is shown.
    const QString& title() const { return title_; }
    QStringList text() const;
    int text_top() const { return top_; }
    int text_rows() const;
    // Nothing is granted whose last line was not on the screen.
    bool seen_to_the_end() const { return seen_; }

    QStringList agents() const;  // those that what was typed leaves
    int agent() const { return agent_; }

  private:
    Action handle_lists(const Key& key);
    Action handle_command(const QString& text);
    Action handle_typing(const Key& key);
    Action handle_picker(const Key& key);
    Action handle_text(const Key& key);
    Action handle_approve(const Key& key);
    bool scroll(const Key& key);
    void move(int by);
    void scroll_to(int top);
    QString chosen_proposal() const;
    QString chosen_bottle() const;

    int columns_ = 80;
    int rows_ = 24;
    Mode mode_ = Mode::Lists;
    Pane pane_ = Pane::Bottles;
    QList<ProposalRow> proposals_;
    QList<BottleRow> bottles_;
    QList<ActivityRow> activity_;
    Selection proposal_;
    Selection bottle_;
    int activity_back_ = 0;  // lines scrolled back from the newest
    QString filter_;
    QString filter_before_;
    QString typed_;
    QString subject_;
    QString scope_;
    bool possible_ = false;
    QString title_;
    QStringList lines_;
    int top_ = 0;
    bool seen_ = false;
    QStringList agents_;
    int agent_ = 0;
    QString message_;
    QString problem_;
    bool inside_tmux_ = false;
};

}  // namespace botbottle::dashboard
