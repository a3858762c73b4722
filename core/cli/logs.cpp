// botbottle logs: the record of a bottle's requests, as a whole or as it grows.
#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <QJsonDocument>
#include <QJsonObject>
#include <cerrno>

#include "bottles/identity.h"
#include "bottles/interrupt.h"
#include "bottles/metadata.h"
#include "cli/audit_line.h"
#include "cli/commands.h"
#include "cli/messages.h"
#include "cli/output.h"
#include "files/system_error.h"
#include "files/unique_fd.h"

namespace botbottle::cli {
namespace {

// Reads whole lines from a growing file. The file is the bottle's, not the egress's: it goes on
// when a sidecar is restarted.
class LineReader {
  public:
    explicit LineReader(int fd) : fd_(fd) {}

    QList<QByteArray> more() {
        char buffer[65536];
        for (;;) {
            const ssize_t count = read(fd_, buffer, sizeof buffer);
            if (count <= 0) break;
            pending_.append(buffer, count);
        }
        QList<QByteArray> lines;
        for (qsizetype end = pending_.indexOf('\n'); end >= 0; end = pending_.indexOf('\n')) {
            lines.append(pending_.left(end));
            pending_.remove(0, end + 1);
        }
        return lines;
    }

  private:
    int fd_;
    QByteArray pending_;
};

class Printer {
  public:
    Printer(bool json, const LogsOptions& options)
        : json_(json), planes_(options.planes), view_(options.follow) {}

    void print_lines(const QList<QByteArray>& lines) {
        for (const QByteArray& line : lines) {
            const QJsonObject record = QJsonDocument::fromJson(line).object();
            const QString plane = record.value(QLatin1String("plane")).toString();
            if (!planes_.isEmpty() && !planes_.contains(plane)) continue;
            if (json_) {
                print(QString::fromUtf8(line) + QLatin1Char('\n'));
                continue;
            }
            for (const QString& text : view_.add(record))
                print_line(text);
        }
    }
    void print_rest() {
        if (json_) return;
        for (const QString& text : view_.rest())
            print_line(text);
    }

  private:
    bool json_;
    QStringList planes_;
    AuditView view_;
};

// Until Ctrl-C, or until the bottle is no more.
int follow(const Context& context, const QString& identity, const QByteArray& path,
           LineReader& reader, Printer& printer) {
    const UniqueFd watch(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
    if (!watch || inotify_add_watch(watch.get(), path.constData(), IN_MODIFY | IN_DELETE_SELF) < 0)
        return fail(files::system_failure("cannot_read", "watch", path.toStdString()).value());
    constexpr int kLookForTheEndMs = 1000;
    for (;;) {
        printer.print_lines(reader.more());
        if (interrupted()) return kInterrupted;
        struct pollfd ready = {watch.get(), POLLIN, 0};
        if (poll(&ready, 1, kLookForTheEndMs) > 0) {
            char events[4096];
            (void)!read(watch.get(), events, sizeof events);
            continue;
        }
        const auto metadata = load_metadata(context.home(), identity);
        if (metadata && metadata->phase != BottlePhase::Preserved) continue;
        printer.print_lines(reader.more());
        return kDone;
    }
}

}  // namespace

int run_logs(const GlobalOptions& global, const LogsOptions& options) {
    auto context = Context::make(global);
    if (!context) return fail(context.error());
    if (!is_identity(options.identity))
        return fail({"usage",
                     "\"" + options.identity.toStdString() + "\" is not the name of a bottle",
                     "`botbottle list active` shows the names"});
    const QByteArray path = (*context)->home().audit_file(options.identity).toLocal8Bit();
    const UniqueFd file(open(path.constData(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!file)
        return fail({"unknown_identity", "there is no record of " + options.identity.toStdString(),
                     "`botbottle list active` shows the names; a bottle that asked for nothing "
                     "leaves no record"});
    LineReader reader(file.get());
    Printer printer(global.json, options);
    if (options.follow) return follow(**context, options.identity, path, reader, printer);
    printer.print_lines(reader.more());
    printer.print_rest();
    return kDone;
}

}  // namespace botbottle::cli
