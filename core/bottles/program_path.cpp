#include "bottles/program_path.h"

#include <sys/stat.h>
#include <unistd.h>

#include <QStringList>
#include <cstdlib>

namespace botbottle {
namespace {

bool is_program(const QString& path) {
    const QByteArray name = path.toLocal8Bit();
    struct stat status = {};
    return stat(name.constData(), &status) == 0 && S_ISREG(status.st_mode) &&
           access(name.constData(), X_OK) == 0;
}

}  // namespace

Result<QString> program_path(const QString& name) {
    const char* variable = std::getenv("PATH");
    const QString path =
        QString::fromLocal8Bit(variable != nullptr ? variable : "/usr/local/bin:/usr/bin:/bin");
    for (const QString& directory : path.split(QLatin1Char(':'), Qt::SkipEmptyParts)) {
        // A relative directory would make it a question of where one stands.
        const QString candidate = directory + QLatin1Char('/') + name;
        if (directory.startsWith(QLatin1Char('/')) && is_program(candidate)) return candidate;
    }
    return failure("missing_program",
                   "there is no program \"" + name.toStdString() + "\" on the PATH",
                   "install it, or start botbottle with a PATH that has it");
}

}  // namespace botbottle
