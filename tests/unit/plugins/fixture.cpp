#include "fixture.h"

#include <sys/stat.h>

#include <QDir>
#include <QFile>
#include <cstdlib>
#include <string>

namespace botbottle::test {

QString PluginDirectory::install(const char* sample, const QString& name) const {
    const QString source =
        QStringLiteral(BOTBOTTLE_SAMPLES "/%1.so").arg(QString::fromLatin1(sample));
    EXPECT_TRUE(QFile::copy(source, path(name))) << source.toStdString();
    chmod(QFile::encodeName(path(name)).constData(), 0755);
    return path(name);
}

void PluginDirectory::make_directory(const QString& name) const {
    QDir(directory_.path()).mkpath(name);
    chmod(QFile::encodeName(path(name)).constData(), 0755);
}

PluginPlaces PluginDirectory::places(const QStringList& names) const {
    PluginPlaces places;
    for (const QString& name : names)
        places.directories += QDir::cleanPath(path(name));
    return places;
}

PluginReport PluginDirectory::inspect(const QString& file) {
    return PluginRegistry({}, {}).inspect(file);
}

bool was_loaded(const char* id) {
    return getenv((std::string("BOTBOTTLE_SAMPLE_") + id).c_str()) != nullptr;
}

void forget_loaded(const char* id) {
    unsetenv((std::string("BOTBOTTLE_SAMPLE_") + id).c_str());
}

}  // namespace botbottle::test
