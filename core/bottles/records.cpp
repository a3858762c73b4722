#include "bottles/records.h"

#include <sys/stat.h>
#include <unistd.h>

#include <QDateTime>
#include <QDir>
#include <QFileInfo>

#include "bottles/identity.h"
#include "files/atomic_file.h"
#include "files/lock.h"
#include "files/tree_removal.h"

namespace botbottle {

void remove_empty_log(const Home& home, const QString& identity) {
    const std::string path = home.log_file(identity).toStdString();
    struct stat status = {};
    if (lstat(path.c_str(), &status) == 0 && status.st_size == 0) unlink(path.c_str());
}

void remove_idle_record(const Home& home, const QString& identity) {
    const std::string path = home.audit_file(identity).toStdString();
    const auto record = files::read_file(path);
    if (record && record->find("\"event\":\"decision\"") == std::string::npos) unlink(path.c_str());
}

void remove_old_records(const Home& home, int days) {
    const QDateTime oldest = QDateTime::currentDateTimeUtc().addDays(-days);
    const QString ending = QStringLiteral(".jsonl");
    const QDir directory = QFileInfo(home.audit_file({})).dir();
    for (const QFileInfo& file :
         directory.entryInfoList({QLatin1Char('*') + ending}, QDir::Files | QDir::NoSymLinks)) {
        const QString identity = file.fileName().chopped(ending.size());
        if (!is_identity(identity) || file.lastModified() >= oldest) continue;
        // Whoever launches or resumes it holds the lock.
        auto lock = files::FileLock::acquire(home.lock_file(identity).toStdString());
        if (!lock) return;
        if (!QFileInfo::exists(home.state(identity))) {
            unlink(home.audit_file(identity).toStdString().c_str());
            unlink(home.log_file(identity).toStdString().c_str());
            (void)files::remove_tree(home.queue(identity).toStdString());
        }
        std::move(*lock).release_and_remove();
    }
}

}  // namespace botbottle
