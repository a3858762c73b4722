#include "bottles/session.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <QJsonDocument>
#include <cerrno>
#include <string>

#include "bottles/session_client.h"
#include "files/system_error.h"
#include "files/unique_fd.h"

namespace botbottle {
namespace {

volatile sig_atomic_t to_pass_on = 0;

// While a session runs: keyboard signals go to the foreground group, which the client is in, and
// must not end us; the others are passed on. Restores what was before.
class SessionSignals {
  public:
    SessionSignals() {
        struct sigaction ignore = {};
        ignore.sa_handler = SIG_IGN;
        struct sigaction note = {};
        note.sa_handler = [](int number) { to_pass_on = number; };
        sigaction(SIGINT, &ignore, &before_[0]);
        sigaction(SIGQUIT, &ignore, &before_[1]);
        sigaction(SIGTERM, &note, &before_[2]);
        sigaction(SIGHUP, &note, &before_[3]);
        sigset_t held;
        sigemptyset(&held);
        sigaddset(&held, SIGTERM);
        sigaddset(&held, SIGHUP);
        // Delivered only inside ppoll, so that none falls between a look and a wait.
        sigprocmask(SIG_BLOCK, &held, &mask_);
    }
    ~SessionSignals() {
        sigprocmask(SIG_SETMASK, &mask_, nullptr);
        constexpr int kNumbers[] = {SIGINT, SIGQUIT, SIGTERM, SIGHUP};
        for (int i = 0; i < 4; ++i)
            sigaction(kNumbers[i], &before_[i], nullptr);
    }
    SessionSignals(const SessionSignals&) = delete;
    SessionSignals& operator=(const SessionSignals&) = delete;

    const sigset_t* outside() const { return &mask_; }

  private:
    struct sigaction before_[4] = {};
    sigset_t mask_ = {};
};

int wait_for_end(pid_t child, const SessionSignals& handled) {
    const UniqueFd process(static_cast<int>(syscall(SYS_pidfd_open, child, 0)));
    struct pollfd ended = {process.get(), POLLIN, 0};
    while (ppoll(&ended, 1, nullptr, handled.outside()) < 0 && errno == EINTR) {
        if (to_pass_on != 0) kill(child, to_pass_on);
        to_pass_on = 0;
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return status;
}

std::string read_all(int fd) {
    std::string content;
    char buffer[4096];
    for (;;) {
        const ssize_t count = read(fd, buffer, sizeof buffer);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return content;
        content.append(buffer, static_cast<std::size_t>(count));
    }
}

SessionEnd end_from_status(int status) {
    if (WIFSIGNALED(status)) return {SessionEnd::Kind::Signaled, WTERMSIG(status)};
    return {SessionEnd::Kind::Exited, WEXITSTATUS(status)};
}

Result<SessionEnd> end_from_result(const std::string& text) {
    const QJsonObject result = QJsonDocument::fromJson(QByteArray::fromStdString(text)).object();
    const QString outcome = result.value(QLatin1String("outcome")).toString();
    if (outcome == QLatin1String("exited"))
        return SessionEnd{SessionEnd::Kind::Exited, result.value(QLatin1String("code")).toInt()};
    if (outcome == QLatin1String("signaled"))
        return SessionEnd{SessionEnd::Kind::Signaled,
                          result.value(QLatin1String("signal")).toInt()};
    if (outcome == QLatin1String("detached")) return SessionEnd{SessionEnd::Kind::Detached, 0};
    if (outcome == QLatin1String("failed"))
        return failure(result.value(QLatin1String("code")).toString().toStdString(),
                       result.value(QLatin1String("message")).toString().toStdString());
    return failure("session_lost",
                   "the session's client ended without saying how the session ended");
}

}  // namespace

int exit_code(const SessionEnd& end) {
    switch (end.kind) {
        case SessionEnd::Kind::Exited:
            return end.number;
        case SessionEnd::Kind::Signaled:
            return 128 + end.number;
        case SessionEnd::Kind::Detached:
            break;
    }
    return 0;
}

Result<SessionEnd> run_session(const QJsonObject& attach_reply, SessionInput input) {
    const UniqueFd nothing(input == SessionInput::Nothing ? open("/dev/null", O_RDONLY | O_CLOEXEC)
                                                          : -1);
    auto client = session_client(attach_reply, nothing ? nothing.get() : 0, 1);
    if (!client) return tl::make_unexpected(client.error());
    const SessionSignals handled;
    const pid_t child = start_session_client(*client, false);
    if (child < 0) return files::system_failure("cannot_attach", "start", client->argv[0]);
    client->owned.clear();
    const int status = wait_for_end(child, handled);
    if (!client->result) return end_from_status(status);
    return end_from_result(read_all(client->result.get()));
}

}  // namespace botbottle
