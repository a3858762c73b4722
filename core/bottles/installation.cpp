#include "bottles/installation.h"

#include <unistd.h>

#include <climits>

namespace botbottle {

QString libexec_directory() {
    static const QString kDirectory = [] {
        char program[PATH_MAX] = {};
        if (readlink("/proc/self/exe", program, sizeof program - 1) < 0) return QString();
        // <prefix>/bin/botbottle → <prefix>/libexec/botbottle
        const QString path = QString::fromLocal8Bit(program);
        const QString bin = path.left(path.lastIndexOf(QLatin1Char('/')));
        return bin.left(bin.lastIndexOf(QLatin1Char('/'))) + QStringLiteral("/libexec/botbottle");
    }();
    return kDirectory;
}

}  // namespace botbottle
