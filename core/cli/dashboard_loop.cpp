#include "cli/dashboard_loop.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <QElapsedTimer>
#include <QFile>
#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <vector>

#include "bottles/child_process.h"
#include "bottles/program_path.h"
#include "cli/supervise_view.h"
#include "dashboard/view.h"
#include "manifest/text.h"
#include "supervise/decide.h"

namespace botbottle::cli {
namespace {

using dashboard::Action;
using Kind = Action::Kind;

constexpr int kTickMs = 10'000;  // ages on the screen
// What comes faster is taken in together: a busy record costs no more than this often.
constexpr int kLookEveryMs = 150;
constexpr qint64 kBottlesEveryMs = 1000;
constexpr int kNotStarted = 127;
constexpr int kOutput = STDOUT_FILENO;
constexpr qsizetype kMostSaid = 4096;

qint64 now_ms() {
    static const QElapsedTimer kClock = [] {
        QElapsedTimer timer;
        timer.start();
        return timer;
    }();
    return kClock.elapsed();
}

bool wants_colours() {
    const char* no = std::getenv("NO_COLOR");
    const char* kind = std::getenv("TERM");
    return (no == nullptr || no[0] == '\0') && kind != nullptr && std::string_view(kind) != "dumb";
}

UniqueFd watch_signals() {
    sigset_t set;
    sigemptyset(&set);
    for (const int number : {SIGWINCH, SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGTSTP})
        sigaddset(&set, number);
    sigprocmask(SIG_BLOCK, &set, nullptr);
    return UniqueFd(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
}

QString error_text(const Error& error) {
    QString text = QString::fromStdString(error.message);
    if (!error.hint.empty()) text += QStringLiteral("; ") + QString::fromStdString(error.hint);
    return visible(text.simplified());
}

// In the child: this very program with these arguments.
[[noreturn]] void become(const QStringList& arguments) {
    std::vector<QByteArray> words{QByteArrayLiteral("botbottle")};
    for (const QString& argument : arguments)
        words.push_back(argument.toLocal8Bit());
    std::vector<char*> argv;
    argv.reserve(words.size() + 1);
    for (QByteArray& word : words)
        argv.push_back(word.data());
    argv.push_back(nullptr);
    execv("/proc/self/exe", argv.data());
    _exit(kNotStarted);
}

}  // namespace

DashboardLoop::DashboardLoop(Context& context)
    : context_(context),
      data_(context, model_),
      screen_(kOutput),
      watch_(context.home()),
      colours_(wants_colours()) {
    model_.set_inside_tmux(std::getenv("TMUX") != nullptr);
}

DashboardLoop::~DashboardLoop() = default;

void DashboardLoop::read_everything() {
    (void)data_.read_proposals();
    data_.read_bottles();
    data_.read_all_records();
    data_.read_manifests();
    bottles_read_ = now_ms();
}

QString DashboardLoop::once(int columns, int rows) {
    model_.set_size(columns, rows);
    read_everything();
    return plain_text(render(model_, QDateTime::currentDateTimeUtc()));
}

int DashboardLoop::run() {
    signals_ = watch_signals();
    if (!screen_.enter()) return EXIT_FAILURE;
    const auto size = dashboard::screen_size(kOutput);
    model_.set_size(size.columns, size.rows);
    draw(true);
    read_everything();
    while (!ends_) {
        draw(false);
        wait();
    }
    screen_.leave();
    return EXIT_SUCCESS;
}

void DashboardLoop::draw(bool everything) {
    if (everything) shown_ = {};
    auto frame = render(model_, QDateTime::currentDateTimeUtc());
    const QByteArray bytes = bytes_between(shown_, frame, colours_);
    if (!bytes.isEmpty()) screen_.write(bytes);
    shown_ = std::move(frame);
}

void DashboardLoop::wait() {
    static qint64 last_look = 0;
    const qint64 now = now_ms();
    const qint64 look_in = std::max<qint64>(0, last_look + kLookEveryMs - now);
    const qint64 bottles_in = std::max<qint64>(0, bottles_read_ + kBottlesEveryMs - now);
    // While it is too early to look, who has something to say waits; so does the clock's tick.
    const bool look = look_in == 0;
    std::vector<struct pollfd> ready{{STDIN_FILENO, POLLIN, 0},
                                     {signals_.get(), POLLIN, 0},
                                     {look ? watch_.fd() : -1, POLLIN, 0}};
    for (const Quiet& command : quiet_)
        ready.push_back({command.output.get(), POLLIN, 0});
    const std::size_t first_process = ready.size();
    if (!bottles_changed_) {
        for (const UniqueFd& process : data_.processes())
            ready.push_back({process.get(), POLLIN, 0});
    }
    int timeout = kTickMs;
    if (!look) timeout = static_cast<int>(look_in);
    if (more_to_read_) timeout = 0;
    if (bottles_changed_) timeout = std::min(timeout, static_cast<int>(bottles_in));
    if (poll(ready.data(), ready.size(), timeout) < 0 && errno != EINTR) {
        ends_ = true;
        return;
    }
    for (std::size_t at = first_process; at < ready.size(); ++at)
        bottles_changed_ |= ready[at].revents != 0;
    if (ready[1].revents != 0) take_signals();
    for (Quiet& command : quiet_)
        take_quiet(command);
    std::erase_if(quiet_, [](const Quiet& command) { return command.pid < 0; });
    if (ready[2].revents != 0 || more_to_read_) {
        last_look = now_ms();
        take_changes();
    }
    if (bottles_changed_ && now_ms() - bottles_read_ >= kBottlesEveryMs) {
        bottles_changed_ = false;
        data_.read_bottles();
        bottles_read_ = now_ms();
    }
    if (ready[0].revents != 0) take_keys();
}

void DashboardLoop::take_signals() {
    struct signalfd_siginfo signal = {};
    while (read(signals_.get(), &signal, sizeof signal) == static_cast<ssize_t>(sizeof signal)) {
        if (signal.ssi_signo == SIGTERM || signal.ssi_signo == SIGHUP) ends_ = true;
        if (signal.ssi_signo != SIGWINCH) continue;
        const auto size = dashboard::screen_size(kOutput);
        model_.set_size(size.columns, size.rows);
        draw(true);
    }
}

void DashboardLoop::take_changes() {
    const dashboard::Changes changes = watch_.take();
    if (changes.manifests) data_.read_manifests();
    if (changes.proposals && data_.read_proposals()) screen_.write("\a");
    bottles_changed_ |= changes.bottles;
    QSet<QString> records = changes.records;
    if (more_to_read_)
        for (const auto& row : model_.all_bottles())
            records += row.identity;
    more_to_read_ = data_.read_records(records);
    bottles_changed_ |= data_.take_event();
}

void DashboardLoop::take_keys() {
    char bytes[4096];
    const ssize_t count = read(STDIN_FILENO, bytes, sizeof bytes);
    if (count == 0 || (count < 0 && errno != EINTR && errno != EAGAIN)) {
        ends_ = true;  // the terminal is gone
        return;
    }
    for (const dashboard::Key& key : keys_.add({bytes, std::max<ssize_t>(count, 0)})) {
        const Action action = model_.handle(key);
        if (action.kind == Kind::None) continue;
        act(action);
        // What was typed before a question was seen is no answer to it.
        screen_.forget_typed();
        break;
    }
}

void DashboardLoop::act(const Action& action) {
    const QString& subject = action.subject;
    switch (action.kind) {
        case Kind::Quit:
            ends_ = true;
            break;
        case Kind::Redraw:
            draw(true);
            break;
        case Kind::Show:
            show_proposal(subject);
            break;
        case Kind::Policy:
            show_policy(subject);
            break;
        case Kind::Preview:
            preview(subject, action.text, {});
            break;
        case Kind::Grant:
            grant(subject);
            break;
        case Kind::Edit:
            on_the_terminal({QStringLiteral("supervise"), QStringLiteral("edit"), subject});
            break;
        case Kind::Reject:
            reject(subject, action.text);
            break;
        case Kind::Pick:
            context_.forget_manifests();
            model_.show_agents(context_.manifests().agent_names());
            break;
        case Kind::Start:
            on_the_terminal({QStringLiteral("start"), subject});
            break;
        case Kind::Attach:
            on_the_terminal({QStringLiteral("attach"), subject});
            break;
        case Kind::Split:
            split(subject);
            break;
        case Kind::Stop:
            model_.say(QStringLiteral("%1 is being stopped").arg(visible(subject)));
            quietly({QStringLiteral("stop"), subject});
            break;
        case Kind::None:
            break;
    }
}

void DashboardLoop::show_proposal(const QString& id) {
    auto entry = find_proposal(context_.home(), id);
    if (!entry) return model_.say(error_text(entry.error()));
    QStringList lines = proposal_lines(context_.home(), *entry, false);
    auto preview = preview_grant(context_, entry->proposal, entry->proposal.payload,
                                 QStringLiteral("session"));
    lines += preview ? preview_lines(*preview)
                     : QStringList{QStringLiteral("cannot:  ") + error_text(preview.error())};
    model_.show_text(id, lines);
}

void DashboardLoop::show_policy(const QString& identity) {
    auto live = live_policy(context_, identity);
    if (!live) return model_.say(error_text(live.error()));
    QStringList lines;
    for (const auto& item : live->policy.value(QLatin1String("routes")).toArray()) {
        const QJsonObject route = item.toObject();
        lines += route_words(route) + QStringLiteral(" (%1)").arg(
                                          visible(route.value(QLatin1String("owner")).toString()));
    }
    if (lines.isEmpty()) lines += QStringLiteral("it can reach nothing");
    model_.show_text(QStringLiteral("policy of ") + visible(identity), lines);
}

void DashboardLoop::preview(const QString& id, const QString& scope, const QStringList& first) {
    auto entry = find_proposal(context_.home(), id);
    if (!entry) return model_.say(error_text(entry.error()));
    if (!entry->is_open())
        return model_.say(
            QStringLiteral("%1 was %2 already, by %3")
                .arg(id, visible(entry->decision->status), visible(entry->decision->decided_by)));
    auto made = preview_grant(context_, entry->proposal, entry->proposal.payload, scope);
    if (!made) return model_.say(error_text(made.error()));
    const QStringList lines =
        first + proposal_lines(context_.home(), *entry, false) + preview_lines(*made);
    model_.show_change(id, made->scope, lines, !made->refusal);
    previewed_ = std::move(*made);
}

void DashboardLoop::grant(const QString& id) {
    auto entry = find_proposal(context_.home(), id);
    if (!entry || !previewed_) return model_.say(QStringLiteral("%1 is gone").arg(id));
    // A build has much to say.
    if (entry->proposal.tool == QLatin1String(kCapability)) {
        on_the_terminal({QStringLiteral("supervise"), QStringLiteral("approve"), id,
                         QStringLiteral("--yes"), QStringLiteral("--if-policy"),
                         previewed_->live.digest});
        entry = find_proposal(context_.home(), id);
        return model_.say(entry && !entry->is_open()
                              ? QStringLiteral("%1 is %2").arg(id, entry->decision->status)
                              : QStringLiteral("%1 still waits").arg(id));
    }
    auto status = apply_preview(context_, entry->proposal, *previewed_, {});
    if (status) {
        model_.say(is_held(entry->proposal.tool)
                       ? QStringLiteral("%1 is %2; %3").arg(id, *status, goes_on(entry->proposal))
                       : QStringLiteral("%1 is %2; `botbottle egress revoke` takes it back")
                             .arg(id, *status));
        return;
    }
    if (status.error().code == "policy_moved")
        return preview(
            id, previewed_->scope,
            {QStringLiteral("the policy has changed meanwhile; this is the change now:")});
    model_.say(error_text(status.error()));
}

void DashboardLoop::reject(const QString& id, const QString& reason) {
    auto entry = find_proposal(context_.home(), id);
    if (!entry) return model_.say(error_text(entry.error()));
    Decision decision;
    decision.status = QStringLiteral("rejected");
    decision.notes = reason;
    auto done = decide(context_.home(), entry->proposal, decision, nullptr);
    model_.say(done ? QStringLiteral("%1 is rejected; the agent is told why").arg(id)
                    : error_text(done.error()));
}

// The command has the terminal as if it had been typed; the dashboard comes back when it ends.
void DashboardLoop::on_the_terminal(const QStringList& arguments) {
    screen_.leave();
    const pid_t child = fork();
    if (child == 0) {
        dup2(kOutput, STDERR_FILENO);  // ours goes to the log
        reset_signals();
        become(arguments);
    }
    int status = 0;
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    const bool well = child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    if (!well && !ends_) {
        const QByteArray words =
            "\nbotbottle: that did not end well; Enter goes back to the dashboard ";
        (void)!::write(kOutput, words.constData(), static_cast<std::size_t>(words.size()));
        struct pollfd ready[] = {{STDIN_FILENO, POLLIN, 0}, {signals_.get(), POLLIN, 0}};
        char c = 0;
        while (poll(ready, 2, -1) > 0 && ready[1].revents == 0 && read(STDIN_FILENO, &c, 1) == 1 &&
               c != '\n') {
        }
    }
    screen_.enter();
    const auto size = dashboard::screen_size(kOutput);
    model_.set_size(size.columns, size.rows);
    if (data_.read_proposals()) screen_.write("\a");
    bottles_changed_ = true;
    draw(true);
}

void DashboardLoop::quietly(const QStringList& arguments) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return model_.say(QStringLiteral("no more descriptors"));
    Quiet command;
    command.output = UniqueFd(ends[0]);
    const UniqueFd input(ends[1]);
    command.pid = fork();
    if (command.pid == 0) {
        const int nothing = open("/dev/null", O_RDONLY);
        dup2(nothing, STDIN_FILENO);
        dup2(input.get(), STDOUT_FILENO);
        dup2(input.get(), STDERR_FILENO);
        setsid();  // the terminal's keys are not for it
        reset_signals();
        become(arguments);
    }
    if (command.pid < 0) return model_.say(QStringLiteral("no more processes"));
    fcntl(command.output.get(), F_SETFL, O_NONBLOCK);
    quiet_.push_back(std::move(command));
}

void DashboardLoop::take_quiet(Quiet& command) {
    char bytes[4096];
    for (;;) {
        const ssize_t count = read(command.output.get(), bytes, sizeof bytes);
        if (count < 0) return;  // more will come
        if (count == 0) break;
        if (command.said.size() < kMostSaid) command.said.append(bytes, count);
    }
    int status = 0;
    while (waitpid(command.pid, &status, 0) < 0 && errno == EINTR) {
    }
    command.pid = -1;
    QString said = QString::fromUtf8(command.said).simplified();
    said.remove(QStringLiteral("botbottle: "));
    model_.say(visible(said));
    bottles_changed_ = true;
}

void DashboardLoop::split(const QString& identity) {
    auto tmux = program_path(QStringLiteral("tmux"));
    if (!tmux) return model_.say(error_text(tmux.error()));
    const QString self = QFile::symLinkTarget(QStringLiteral("/proc/self/exe"));
    const pid_t child = fork();
    if (child == 0) {
        reset_signals();
        execl(tmux->toLocal8Bit().constData(), "tmux", "split-window", "-h",
              self.toLocal8Bit().constData(), "attach", identity.toLocal8Bit().constData(),
              nullptr);
        _exit(kNotStarted);
    }
    int status = 0;
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    const bool well = child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    model_.say(well ? QStringLiteral("%1 is in the split").arg(visible(identity))
                    : QStringLiteral("tmux did not open a split; Enter attaches here"));
}

}  // namespace botbottle::cli
