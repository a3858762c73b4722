#include "cli/ask.h"

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <optional>
#include <string>

#include "bottles/interrupt.h"
#include "cli/messages.h"
#include "cli/output.h"
#include "files/unique_fd.h"
#include "manifest/text.h"

namespace botbottle::cli {
namespace {

tl::unexpected<Error> nobody(const QString& question, const QString& instead) {
    return failure("needs_an_answer", "there is nobody to ask: " + question.toStdString(),
                   instead.toStdString());
}

void show_question(const QString& question) {
    clear_progress();
    std::fputs(question.toUtf8().constData(), stderr);
    std::fflush(stderr);
}

// One line from a descriptor, byte by byte: what follows belongs to the agent. nullopt at the end
// of the input or on Ctrl-C.
std::optional<std::string> read_line(int fd) {
    std::string line;
    char c = 0;
    for (;;) {
        const ssize_t count = read(fd, &c, 1);
        if (count < 0 && errno == EINTR && !interrupted()) continue;
        if (count <= 0) return line.empty() ? std::nullopt : std::optional(line);
        if (c == '\n') return line;
        line += c;
    }
}

// Echo is off while this lives.
class SilentTerminal {
  public:
    explicit SilentTerminal(int fd) : fd_(fd) {
        if (tcgetattr(fd, &before_) != 0) return;
        struct termios silent = before_;
        silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
        silent.c_lflag |= ECHONL;
        changed_ = tcsetattr(fd, TCSAFLUSH, &silent) == 0;
    }
    ~SilentTerminal() {
        if (changed_) tcsetattr(fd_, TCSAFLUSH, &before_);
    }
    SilentTerminal(const SilentTerminal&) = delete;
    SilentTerminal& operator=(const SilentTerminal&) = delete;
    bool changed() const { return changed_; }

  private:
    int fd_;
    struct termios before_ = {};
    bool changed_ = false;
};

// Into pages that are never swapped or dumped, and wiped at the end.
Result<Secret> read_secret(int fd) {
    constexpr std::size_t kLongest = 4096;
    char buffer[kLongest];
    std::size_t size = 0;
    ssize_t count = 0;
    while (size < kLongest && (count = read(fd, buffer + size, 1)) == 1 && buffer[size] != '\n')
        ++size;
    Secret secret(std::string_view(buffer, size));
    wipe_memory(buffer, sizeof buffer);
    if (interrupted()) return interrupted_failure();
    if (size == kLongest) return failure("usage", "that is longer than 4095 bytes");
    return secret;
}

}  // namespace

Result<bool> Operator::confirm(const QString& question, const QString& instead) const {
    if (no_input_) return nobody(question, instead);
    show_question(QStringLiteral("botbottle: %1 [y/N] ").arg(question));
    const auto answer = read_line(0);
    if (interrupted()) return interrupted_failure();
    if (!answer) {
        std::fputc('\n', stderr);
        return nobody(question, instead);
    }
    const QString word = QString::fromStdString(*answer).trimmed().toLower();
    return word == QLatin1String("y") || word == QLatin1String("yes");
}

Result<QString> Operator::pick(const QString& what, const QStringList& choices,
                               const QString& instead) const {
    if (no_input_ || !operator_is_there()) return nobody(what, instead);
    QString question = what + QLatin1Char('\n');
    for (qsizetype i = 0; i < choices.size(); ++i)
        question += QStringLiteral("  %1  %2\n").arg(i + 1, 2).arg(choices[i]);
    for (;;) {
        show_question(question + QStringLiteral("number or name: "));
        const auto answer = read_line(0);
        if (interrupted()) return interrupted_failure();
        if (!answer) return nobody(what, instead);
        const QString word = QString::fromStdString(*answer).trimmed();
        bool is_number = false;
        const int number = word.toInt(&is_number);
        if (is_number && number >= 1 && number <= choices.size()) return choices[number - 1];
        if (choices.contains(word)) return word;
        question.clear();
    }
}

Result<QString> Operator::text(const QString& question, const QString& fallback,
                               const std::function<QString(const QString&)>& refusal,
                               const QString& instead) const {
    if (no_input_) return nobody(question, instead);
    for (;;) {
        const QString shown =
            fallback.isEmpty() ? QString() : QStringLiteral(" [%1]").arg(visible(fallback));
        show_question(QStringLiteral("botbottle: %1%2: ").arg(question, shown));
        const auto answer = read_line(0);
        if (interrupted()) return interrupted_failure();
        if (!answer) {
            std::fputc('\n', stderr);
            return nobody(question, instead);
        }
        QString text = QString::fromStdString(*answer).trimmed();
        if (text.isEmpty()) text = fallback;
        const QString why = refusal(text);
        if (why.isEmpty()) return text;
        warn(why);
    }
}

Result<Secret> Operator::secret(const QString& name, const QString& prompt) const {
    const QString question = prompt.isEmpty() ? name : prompt;
    const QString instead =
        QStringLiteral("start on a terminal, or use ${VARIABLE} for %1 in the bottle").arg(name);
    if (no_input_) return nobody(question, instead);
    const UniqueFd terminal(open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY));
    if (!terminal) return nobody(question, instead);
    const SilentTerminal silent(terminal.get());
    if (!silent.changed()) return nobody(question, instead);
    show_question(QStringLiteral("botbottle: %1: ").arg(visible(question)));
    return read_secret(terminal.get());
}

}  // namespace botbottle::cli
