#include "cli/messages.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <QElapsedTimer>
#include <QStringList>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "cli/output.h"
#include "manifest/text.h"

namespace botbottle::cli {
namespace {

bool progress_is_shown = false;

// Messages quote what a bottle or a repository chose: names of files, a program's last words.
std::string text(const QString& message) {
    QStringList lines = message.split(QLatin1Char('\n'));
    for (QString& line : lines)
        line = visible(line);
    return lines.join(QLatin1Char('\n')).toStdString();
}

// "warning: " and the like; nothing for what is said without alarm.
class Severity : public spdlog::custom_flag_formatter {
  public:
    void format(const spdlog::details::log_msg& message, const std::tm&,
                spdlog::memory_buf_t& out) override {
        const char* word = message.level == spdlog::level::debug  ? "debug: "
                           : message.level == spdlog::level::warn ? "warning: "
                           : message.level == spdlog::level::err  ? "error: "
                                                                  : "";
        out.append(word, word + std::strlen(word));
    }
    std::unique_ptr<custom_flag_formatter> clone() const override {
        return std::make_unique<Severity>();
    }
};

class Visible : public spdlog::custom_flag_formatter {
  public:
    void format(const spdlog::details::log_msg& message, const std::tm&,
                spdlog::memory_buf_t& out) override {
        const auto size = static_cast<qsizetype>(message.payload.size());
        const std::string shown = text(QString::fromUtf8(message.payload.data(), size));
        out.append(shown.data(), shown.data() + shown.size());
    }
    std::unique_ptr<custom_flag_formatter> clone() const override {
        return std::make_unique<Visible>();
    }
};

}  // namespace

void set_up_messages(bool verbose) {
    auto formatter = std::make_unique<spdlog::pattern_formatter>();
    formatter->add_flag<Severity>('*').add_flag<Visible>('~').set_pattern("botbottle: %*%~");
    auto logger = std::make_shared<spdlog::logger>(
        "botbottle", std::make_shared<spdlog::sinks::stderr_sink_st>());
    logger->set_formatter(std::move(formatter));
    const char* wish = std::getenv("BOTBOTTLE_LOG");
    const bool debug = verbose || (wish != nullptr && std::strcmp(wish, "debug") == 0);
    logger->set_level(debug ? spdlog::level::debug : spdlog::level::info);
    spdlog::set_default_logger(std::move(logger));
}

bool verbose() {
    return spdlog::should_log(spdlog::level::debug);
}

void say(const QString& message) {
    clear_progress();
    spdlog::info("{}", message.toStdString());
}

void warn(const QString& message) {
    clear_progress();
    spdlog::warn("{}", message.toStdString());
}

void complain(const Error& error) {
    clear_progress();
    spdlog::error("{}", error.message);
    if (!error.hint.empty()) spdlog::info("{}", error.hint);
}

int fail(const Error& error, ExitCode otherwise) {
    const ExitCode code = exit_code_for(error, otherwise);
    if (code == kInterrupted)
        say(QStringLiteral("interrupted"));
    else
        complain(error);
    return code;
}

void report_phase(const QString& name, double milliseconds) {
    if (verbose()) std::fprintf(stderr, "phase %s %.3f\n", name.toUtf8().constData(), milliseconds);
}

void show_progress(const QString& message) {
    static const bool kTerminal = isatty(2) == 1;
    if (kTerminal) {
        std::fprintf(stderr, "\r\033[Kbotbottle: %s", text(message).c_str());
        progress_is_shown = true;
        return;
    }
    static QElapsedTimer since;
    constexpr qint64 kPlainLineEveryMs = 5000;
    if (since.isValid() && since.elapsed() < kPlainLineEveryMs) return;
    since.start();
    spdlog::info("{}", message.toStdString());
}

void clear_progress() {
    if (!progress_is_shown) return;
    progress_is_shown = false;
    std::fputs("\r\033[K", stderr);
}

}  // namespace botbottle::cli
