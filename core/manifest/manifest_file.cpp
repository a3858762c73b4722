#include "manifest/manifest_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <QFile>
#include <cerrno>
#include <cstring>

#include "files/unique_fd.h"

namespace botbottle {
namespace {

tl::unexpected<Error> unreadable(const QString& path, const QString& why) {
    return failure("manifest_unreadable", QStringLiteral("%1: %2").arg(path, why).toStdString());
}

QString system_reason() {
    return QString::fromLocal8Bit(std::strerror(errno));
}

Result<std::string> read_all(const UniqueFd& file, const QString& path) {
    struct stat status {};
    if (fstat(file.get(), &status) != 0) return unreadable(path, system_reason());
    if (!S_ISREG(status.st_mode)) return unreadable(path, QStringLiteral("not a regular file"));
    if (status.st_size > kLargestManifest) {
        return unreadable(path, QStringLiteral("%1 bytes long; the most is %2")
                                    .arg(status.st_size)
                                    .arg(kLargestManifest));
    }
    // A file that grows meanwhile is cut at its size when it was opened.
    std::string text(static_cast<std::size_t>(status.st_size), '\0');
    std::size_t filled = 0;
    while (filled < text.size()) {
        const ssize_t count = read(file.get(), text.data() + filled, text.size() - filled);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return unreadable(path, system_reason());
        if (count == 0) break;
        filled += static_cast<std::size_t>(count);
    }
    text.resize(filled);
    return text;
}

// O_NONBLOCK: opening a FIFO must not wait for a writer.
constexpr int kReadFlags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

}  // namespace

Result<std::string> read_home_file(const QString& path) {
    const UniqueFd file(open(QFile::encodeName(path).constData(), kReadFlags));
    if (!file) return unreadable(path, system_reason());
    return read_all(file, path);
}

Result<std::string> read_repository_agent(const QString& root, const QString& name) {
    const QString path = root + QStringLiteral("/.bot-bottle/agents/") + name;
    UniqueFd directory(open(QFile::encodeName(root).constData(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    for (const char* component : {".bot-bottle", "agents"}) {
        if (!directory) return unreadable(path, system_reason());
        directory = UniqueFd(
            openat(directory.get(), component, O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
    }
    if (!directory) return unreadable(path, system_reason());
    const UniqueFd file(
        openat(directory.get(), QFile::encodeName(name).constData(), kReadFlags | O_NOFOLLOW));
    if (!file) {
        return unreadable(path, errno == ELOOP ? QStringLiteral("a symbolic link; a repository's "
                                                                "agent must be a file of its own")
                                               : system_reason());
    }
    return read_all(file, path);
}

}  // namespace botbottle
