#include "dashboard/model.h"

#include <algorithm>

#include "dashboard/cells.h"
#include "dashboard/view.h"

namespace botbottle::dashboard {
namespace {

constexpr qsizetype kActivityKept = 500;
constexpr qsizetype kLongestTyped = 400;

bool contains(const QString& text, const QString& part) {
    return text.contains(part, Qt::CaseInsensitive);
}

// The row of that name, or the one that stands in its place now.
template <typename Rows, typename Name>
int find(const Rows& rows, const Selection& selection, const Name& name) {
    for (qsizetype at = 0; at < rows.size(); ++at)
        if (name(rows[at]) == selection.name) return static_cast<int>(at);
    return std::clamp(selection.row, 0, std::max(0, static_cast<int>(rows.size()) - 1));
}

const auto kId = [](const ProposalRow& row) { return row.id; };
const auto kIdentity = [](const BottleRow& row) { return row.identity; };

}  // namespace

void Model::set_size(int columns, int rows) {
    columns_ = columns;
    rows_ = rows;
    scroll_to(top_);
}

void Model::set_proposals(QList<ProposalRow> rows) {
    const bool first = proposals_.isEmpty() && !rows.isEmpty();
    proposals_ = std::move(rows);
    if (first && mode_ == Mode::Lists && bottles_.isEmpty()) pane_ = Pane::Proposals;
    proposal_.row = chosen(Pane::Proposals);
    proposal_.name = proposals().value(proposal_.row).id;
}

void Model::set_bottles(QList<BottleRow> rows) {
    bottles_ = std::move(rows);
    bottle_.row = chosen(Pane::Bottles);
    bottle_.name = bottles().value(bottle_.row).identity;
}

void Model::add_activity(const ActivityRow& row) {
    activity_ += row;
    if (activity_.size() > kActivityKept) activity_.removeFirst();
    // Who reads what was stays there.
    if (activity_back_ > 0) ++activity_back_;
}

QList<ProposalRow> Model::proposals() const {
    QList<ProposalRow> rows;
    for (const ProposalRow& row : proposals_)
        if (contains(row.id + QLatin1Char(' ') + row.identity + QLatin1Char(' ') + row.asks,
                     filter_))
            rows += row;
    return rows;
}

QList<BottleRow> Model::bottles() const {
    QList<BottleRow> rows;
    for (const BottleRow& row : bottles_)
        if (contains(row.identity + QLatin1Char(' ') + row.provider + QLatin1Char(' ') + row.state,
                     filter_))
            rows += row;
    return rows;
}

QList<ActivityRow> Model::activity() const {
    QList<ActivityRow> rows;
    for (const ActivityRow& row : activity_)
        if (contains(row.identity + QLatin1Char(' ') + row.text, filter_)) rows += row;
    return rows;
}

int Model::chosen(Pane pane) const {
    if (pane == Pane::Proposals) return find(proposals(), proposal_, kId);
    if (pane == Pane::Bottles) return find(bottles(), bottle_, kIdentity);
    return 0;
}

QString Model::chosen_proposal() const {
    return proposals().value(chosen(Pane::Proposals)).id;
}

QString Model::chosen_bottle() const {
    if (pane_ == Pane::Proposals) return proposals().value(chosen(Pane::Proposals)).identity;
    return bottles().value(chosen(Pane::Bottles)).identity;
}

// ---- overlays

QStringList Model::text() const {
    return wrapped(lines_, std::max(1, columns_ - 2));
}

int Model::text_rows() const {
    return text_height(rows_);
}

void Model::scroll_to(int top) {
    const int last = std::max(0, static_cast<int>(text().size()) - text_rows());
    top_ = std::clamp(top, 0, last);
    if (top_ == last) seen_ = true;
}

void Model::show_text(const QString& title, const QStringList& lines) {
    title_ = title;
    lines_ = lines;
    mode_ = Mode::Text;
    seen_ = false;
    scroll_to(0);
}

void Model::show_change(const QString& id, const QString& scope, const QStringList& lines,
                        bool possible) {
    show_text(QStringLiteral("approve ") + id, lines);
    mode_ = Mode::Approve;
    subject_ = id;
    scope_ = scope;
    possible_ = possible;
}

void Model::show_agents(const QStringList& names) {
    agents_ = names;
    agent_ = 0;
    typed_.clear();
    mode_ = Mode::Picker;
}

QStringList Model::agents() const {
    QStringList names;
    for (const QString& name : agents_)
        if (contains(name, typed_)) names += name;
    return names;
}

// ---- keys

Action Model::handle(const Key& key) {
    if (key.kind == Key::Kind::Redraw) return {Action::Kind::Redraw, {}, {}};
    if (key.kind == Key::Kind::Interrupt && mode_ == Mode::Lists)
        return {Action::Kind::Quit, {}, {}};
    const bool leave = key.kind == Key::Kind::Interrupt || key.kind == Key::Kind::Escape;
    if (leave && mode_ != Mode::Lists) {
        if (mode_ == Mode::Filter) filter_ = filter_before_;
        if (mode_ == Mode::Approve || mode_ == Mode::Stop || mode_ == Mode::Reason)
            message_ = QStringLiteral("nothing was done");
        mode_ = Mode::Lists;
        return {};
    }
    switch (mode_) {
        case Mode::Lists:
            return handle_lists(key);
        case Mode::Filter:
        case Mode::Reason:
            return handle_typing(key);
        case Mode::Picker:
            return handle_picker(key);
        case Mode::Text:
            return handle_text(key);
        case Mode::Approve:
            return handle_approve(key);
        case Mode::Stop:
            break;
    }
    mode_ = Mode::Lists;
    if (key.text == QLatin1String("y")) return {Action::Kind::Stop, subject_, {}};
    message_ = QStringLiteral("nothing was done");
    return {};
}

void Model::move(int by) {
    if (pane_ == Pane::Activity) {
        const int most = std::max(0, static_cast<int>(activity().size()) - 1);
        activity_back_ = std::clamp(activity_back_ - by, 0, most);
        return;
    }
    Selection& selection = pane_ == Pane::Proposals ? proposal_ : bottle_;
    const int count =
        static_cast<int>(pane_ == Pane::Proposals ? proposals().size() : bottles().size());
    selection.row = std::clamp(chosen(pane_) + by, 0, std::max(0, count - 1));
    selection.name = pane_ == Pane::Proposals ? proposals().value(selection.row).id
                                              : bottles().value(selection.row).identity;
}

Action Model::handle_lists(const Key& key) {
    message_.clear();
    constexpr int kPage = 10;
    constexpr int kAll = 1 << 20;
    switch (key.kind) {
        case Key::Kind::Up:
            move(-1);
            return {};
        case Key::Kind::Down:
            move(1);
            return {};
        case Key::Kind::PageUp:
            move(-kPage);
            return {};
        case Key::Kind::PageDown:
            move(kPage);
            return {};
        case Key::Kind::Home:
            move(-kAll);
            return {};
        case Key::Kind::End:
            move(kAll);
            return {};
        case Key::Kind::Tab:
            pane_ = static_cast<Pane>((static_cast<int>(pane_) + 1) % 3);
            return {};
        case Key::Kind::BackTab:
            pane_ = static_cast<Pane>((static_cast<int>(pane_) + 2) % 3);
            return {};
        case Key::Kind::Escape:
            filter_.clear();
            return {};
        case Key::Kind::Enter:
            if (pane_ == Pane::Proposals && !chosen_proposal().isEmpty())
                return {Action::Kind::Show, chosen_proposal(), {}};
            if (pane_ == Pane::Bottles && !chosen_bottle().isEmpty())
                return {Action::Kind::Attach, chosen_bottle(), {}};
            return {};
        case Key::Kind::Text:
            return handle_command(key.text);
        default:
            return {};
    }
}

Action Model::handle_command(const QString& text) {
    const char command = text.size() == 1 ? text[0].toLatin1() : '\0';
    const auto about_proposal = [&](Action::Kind kind, const QString& more = {}) -> Action {
        if (!chosen_proposal().isEmpty()) return {kind, chosen_proposal(), more};
        message_ = QStringLiteral("no agent waits for you");
        return {};
    };
    const auto about_bottle = [&](Action::Kind kind) -> Action {
        if (!chosen_bottle().isEmpty()) return {kind, chosen_bottle(), {}};
        message_ = QStringLiteral("there is no bottle: n starts one");
        return {};
    };
    switch (command) {
        case 'q':
            return {Action::Kind::Quit, {}, {}};
        case 'k':
            move(-1);
            return {};
        case 'j':
            move(1);
            return {};
        case 'n':
            return {Action::Kind::Pick, {}, {}};
        case 'a':
            return about_proposal(Action::Kind::Preview, QStringLiteral("session"));
        case 'e':
            return about_proposal(Action::Kind::Edit);
        case 'r':
            subject_ = chosen_proposal();
            if (subject_.isEmpty()) return about_proposal(Action::Kind::None);
            typed_.clear();
            mode_ = Mode::Reason;
            return {};
        case 'p':
            return about_bottle(Action::Kind::Policy);
        case 's':
            if (inside_tmux_) return about_bottle(Action::Kind::Split);
            message_ = QStringLiteral("s opens a split inside tmux; Enter attaches here");
            return {};
        case 'x':
            subject_ = chosen_bottle();
            if (subject_.isEmpty()) return about_bottle(Action::Kind::None);
            mode_ = Mode::Stop;
            return {};
        case '/':
            filter_before_ = filter_;
            mode_ = Mode::Filter;
            return {};
        case '?':
            show_text(QStringLiteral("keys"), help_lines());
            return {};
        default:
            return {};
    }
}

Action Model::handle_typing(const Key& key) {
    QString& text = mode_ == Mode::Filter ? filter_ : typed_;
    if (key.kind == Key::Kind::Text && text.size() < kLongestTyped) text += key.text;
    if (key.kind == Key::Kind::Backspace) text.chop(1);
    if (key.kind == Key::Kind::Clear) text.clear();
    if (key.kind != Key::Kind::Enter) return {};
    const bool rejects = mode_ == Mode::Reason;
    if (rejects && typed_.trimmed().isEmpty()) {
        message_ = QStringLiteral("say why: the agent is told; Esc leaves it open");
        return {};
    }
    mode_ = Mode::Lists;
    if (rejects) return {Action::Kind::Reject, subject_, typed_.trimmed()};
    return {};
}

Action Model::handle_picker(const Key& key) {
    const int last = std::max(0, static_cast<int>(agents().size()) - 1);
    if (key.kind == Key::Kind::Up) agent_ = std::max(0, agent_ - 1);
    if (key.kind == Key::Kind::Down) agent_ = std::min(last, agent_ + 1);
    if (key.kind == Key::Kind::Enter && !agents().isEmpty()) {
        mode_ = Mode::Lists;
        return {Action::Kind::Start, agents()[std::min(agent_, last)], {}};
    }
    if (key.kind == Key::Kind::Text) typed_ += key.text;
    if (key.kind == Key::Kind::Backspace) typed_.chop(1);
    if (key.kind == Key::Kind::Clear) typed_.clear();
    if (key.kind == Key::Kind::Text || key.kind == Key::Kind::Backspace) agent_ = 0;
    return {};
}

bool Model::scroll(const Key& key) {
    const int page = std::max(1, text_rows() - 1);
    if (key.kind == Key::Kind::Up || key.text == QLatin1String("k"))
        scroll_to(top_ - 1);
    else if (key.kind == Key::Kind::Down || key.text == QLatin1String("j"))
        scroll_to(top_ + 1);
    else if (key.kind == Key::Kind::PageUp)
        scroll_to(top_ - page);
    else if (key.kind == Key::Kind::PageDown || key.text == QLatin1String(" "))
        scroll_to(top_ + page);
    else if (key.kind == Key::Kind::Home)
        scroll_to(0);
    else if (key.kind == Key::Kind::End)
        scroll_to(static_cast<int>(text().size()));
    else
        return false;
    return true;
}

Action Model::handle_text(const Key& key) {
    if (!scroll(key)) mode_ = Mode::Lists;
    return {};
}

Action Model::handle_approve(const Key& key) {
    if (scroll(key)) return {};
    const char command = key.text.size() == 1 ? key.text[0].toLatin1() : '\0';
    const auto preview = [&](const char* scope) -> Action {
        return {Action::Kind::Preview, subject_, QLatin1String(scope)};
    };
    switch (command) {
        case 'y':
            if (!possible_) return {};
            if (!seen_) {
                message_ = QStringLiteral("there is more of it below: PgDn shows it");
                return {};
            }
            mode_ = Mode::Lists;
            return {Action::Kind::Grant, subject_, {}};
        case 'o':
            return preview("once");
        case 's':
            return preview("session");
        case 'A':
            return preview("always");
        case 'n':
        case 'q':
            message_ = QStringLiteral("nothing was decided");
            mode_ = Mode::Lists;
            return {};
        default:
            return {};
    }
}

}  // namespace botbottle::dashboard
