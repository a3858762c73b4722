#include "bottles/home.h"

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <QDir>
#include <climits>
#include <cstdlib>

#include "files/private_directory.h"

namespace botbottle {

namespace {

// A home that is a symlink is the operator's own wish (dotfiles kept elsewhere); from here on its
// real place is what counts, so that nobody can point it elsewhere meanwhile.
QString without_symlink(const QString& path) {
    struct stat status = {};
    const QByteArray name = path.toLocal8Bit();
    if (lstat(name.constData(), &status) != 0 || !S_ISLNK(status.st_mode)) return path;
    char real[PATH_MAX];
    return realpath(name.constData(), real) != nullptr ? QString::fromLocal8Bit(real) : path;
}

}  // namespace

Result<QString> Home::of_the_operator() {
    if (const char* home = std::getenv("HOME"); home != nullptr && home[0] == '/')
        return QString::fromLocal8Bit(home);
    const struct passwd* entry = getpwuid(geteuid());
    if (entry != nullptr && entry->pw_dir != nullptr && entry->pw_dir[0] == '/')
        return QString::fromLocal8Bit(entry->pw_dir);
    return failure("no_home", "no home directory: HOME is not set",
                   "set HOME, or BOT_BOTTLE_HOME to a directory of your own");
}

Result<Home> Home::locate() {
    if (const char* home = std::getenv("BOT_BOTTLE_HOME"); home != nullptr && home[0] != '\0') {
        if (home[0] != '/')
            return failure("bad_home",
                           "BOT_BOTTLE_HOME is not an absolute path: " + std::string(home));
        return Home(without_symlink(QDir::cleanPath(QString::fromLocal8Bit(home))));
    }
    auto home = of_the_operator();
    if (!home) return tl::make_unexpected(home.error());
    return Home(without_symlink(QDir::cleanPath(*home + QStringLiteral("/.bot-bottle"))));
}

Result<void> Home::make() const {
    for (const char* name : {"", "/state", "/locks", "/audit", "/logs", "/queue"}) {
        const std::string directory = path_.toStdString() + name;
        if (auto made = files::make_private_directory(directory); !made) return made;
    }
    return {};
}

QString Home::state(const QString& identity) const {
    return state_root() + QLatin1Char('/') + identity;
}

QString Home::queue(const QString& identity) const {
    return queue_root() + QLatin1Char('/') + identity;
}

QString Home::lock_file(const QString& identity) const {
    return path_ + QStringLiteral("/locks/") + identity + QStringLiteral(".lock");
}

QString Home::audit_file(const QString& identity) const {
    return path_ + QStringLiteral("/audit/") + identity + QStringLiteral(".jsonl");
}

QString Home::log_file(const QString& identity) const {
    return path_ + QStringLiteral("/logs/") + identity + QStringLiteral(".log");
}

}  // namespace botbottle
