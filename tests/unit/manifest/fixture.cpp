#include "fixture.h"

#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <sstream>

#include "manifest/agent_reader.h"
#include "manifest/bottle_reader.h"

namespace botbottle::test {

Result<BottleManifest> bottle_of(const std::string& yaml) {
    auto layer =
        read_bottle(QStringLiteral("dev"), QStringLiteral("dev.md"), "---\n" + yaml + "\n---\n");
    if (!layer) return tl::make_unexpected(layer.error());
    return merge_bottle({*layer});
}

Result<AgentManifest> agent_of(const std::string& yaml, const std::string& body) {
    return read_agent(QStringLiteral("dev"), QStringLiteral("dev.md"),
                      "---\n" + yaml + "\n---\n" + body);
}

bool has_line(const Error& error, const std::string& line) {
    std::istringstream lines(error.message);
    for (std::string each; std::getline(lines, each);) {
        if (each == line) return true;
    }
    return false;
}

Places::Places() {
    QDir(directory_.path()).mkdir(QStringLiteral("home"));
    QDir(directory_.path()).mkdir(QStringLiteral("repository"));
}

QString Places::path(const QString& relative) const {
    return directory_.path() + QLatin1Char('/') + relative;
}

QString Places::write(const QString& relative, const std::string& text) const {
    const QString file_path = path(relative);
    QDir().mkpath(QFileInfo(file_path).path());
    QFile file(file_path);
    if (file.open(QIODevice::WriteOnly)) file.write(text.data(), static_cast<qint64>(text.size()));
    return file_path;
}

}  // namespace botbottle::test
