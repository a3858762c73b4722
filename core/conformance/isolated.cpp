#include "conformance/isolated.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <QDir>
#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QTemporaryDir>
#include <array>
#include <cstring>

#include "files/unique_fd.h"

namespace botbottle::conformance {
namespace {

using Clock = std::chrono::steady_clock;

QByteArray encode(const Findings& findings) {
    QJsonArray array;
    for (const Finding& finding : findings)
        array += QJsonArray{finding.check, static_cast<int>(finding.level), finding.message};
    return QJsonDocument(array).toJson(QJsonDocument::Compact);
}

Findings decode(const QByteArray& text) {
    Findings findings;
    for (const auto& value : QJsonDocument::fromJson(text).array()) {
        const QJsonArray item = value.toArray();
        findings += Finding{item.at(0).toString(), static_cast<Level>(item.at(1).toInt()),
                            item.at(2).toString()};
    }
    return findings;
}

[[noreturn]] void be_the_child(const std::function<Findings()>& body, const QString& scratch,
                               int out) {
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    if (chdir(QFile::encodeName(scratch).constData()) != 0) _exit(1);
    clearenv();
    setenv("PATH", "/usr/local/bin:/usr/bin:/bin", 1);
    setenv("HOME", QFile::encodeName(scratch).constData(), 1);
    // What a plugin prints is not part of the report.
    const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (const int fd : {0, 1, 2})
        dup2(null, fd);
    const QByteArray text = encode(body());
    for (qsizetype sent = 0; sent < text.size();) {
        const ssize_t count =
            write(out, text.constData() + sent, static_cast<std::size_t>(text.size() - sent));
        if (count <= 0) _exit(1);
        sent += count;
    }
    _exit(0);
}

// Until the pipe closes; false when the time is over.
bool read_all(int fd, Clock::time_point deadline, QByteArray& text) {
    for (;;) {
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
        pollfd ready = {fd, POLLIN, 0};
        if (left <= 0 || poll(&ready, 1, static_cast<int>(left)) == 0) return false;
        std::array<char, 4096> buffer;
        const ssize_t count = read(fd, buffer.data(), buffer.size());
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return true;
        text.append(buffer.data(), count);
    }
}

}  // namespace

Findings run_isolated(const QString& check, const std::function<Findings()>& body,
                      std::chrono::milliseconds limit) {
    const auto failed = [&check](const QString& why) {
        return Findings{{check, Level::Failed, why}};
    };
    QTemporaryDir scratch;
    int ends[2];
    if (!scratch.isValid() || pipe2(ends, O_CLOEXEC) != 0)
        return failed(QStringLiteral("no scratch directory or pipe can be made"));
    const UniqueFd from(ends[0]);
    UniqueFd to(ends[1]);
    const pid_t child = fork();
    if (child < 0) return failed(QStringLiteral("no process can be made"));
    if (child == 0) be_the_child(body, scratch.path(), to.get());
    setpgid(child, child);
    to = UniqueFd();
    QByteArray text;
    const bool in_time = read_all(from.get(), Clock::now() + limit, text);
    siginfo_t ended = {};
    if (in_time) waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOWAIT);
    kill(-child, SIGKILL);
    waitpid(child, nullptr, 0);
    if (!in_time) return failed(QStringLiteral("it did not end within %1 ms").arg(limit.count()));
    if (ended.si_code != CLD_EXITED)
        return failed(
            QStringLiteral("it crashed: %1").arg(QString::fromLatin1(strsignal(ended.si_status))));
    if (ended.si_status != 0)
        return failed(QStringLiteral("it ended the process (exit code %1)").arg(ended.si_status));
    if (text.isEmpty()) return failed(QStringLiteral("it ended the process without a word"));
    return decode(text);
}

}  // namespace botbottle::conformance
