// The plugins of this tree stand on plugin.h, and on what the backends share among them, alone:
// shown from the built files (their undefined symbols and the libraries that they ask for) and from
// the compiler (every header that each of their sources takes in).
#include <gtest/gtest.h>

#include <QDir>
#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QProcess>
#include <QRegularExpression>

namespace botbottle {
namespace {

const QString kSources = QStringLiteral(BOTBOTTLE_SOURCE_DIR);

QString output_of(const QString& program, const QStringList& arguments,
                  const QString& directory = {}) {
    QProcess process;
    if (!directory.isEmpty()) process.setWorkingDirectory(directory);
    process.start(program, arguments);
    EXPECT_TRUE(process.waitForFinished(120000)) << program.toStdString();
    EXPECT_EQ(process.exitCode(), 0)
        << program.toStdString() << ": " << process.readAllStandardError().toStdString();
    return QString::fromLocal8Bit(process.readAllStandardOutput());
}

QStringList built_plugins() {
    QStringList paths;
    const QDir directory(QStringLiteral(BOTBOTTLE_BUILT_PLUGINS));
    for (const QString& name : directory.entryList({QStringLiteral("*.so")}, QDir::Files)) {
        paths += directory.filePath(name);
    }
    return paths;
}

TEST(Boundary, ThereArePluginsToLookAt) {
    EXPECT_FALSE(built_plugins().isEmpty());
}

TEST(Boundary, NoSymbolOfCoreOrQtIsUsed) {
    // Mangled names: any namespace botbottle, any class Q…; and Qt's symbol versions.
    static const QRegularExpression foreign(
        QStringLiteral("^(_Z.*9botbottle.*|_Z[A-Z]*[0-9]+Q[A-Z].*|q[A-Z].*|.*@Qt_.*)$"));
    for (const QString& plugin : built_plugins()) {
        const QString symbols = output_of(QStringLiteral("nm"),
                                          {QStringLiteral("-D"), QStringLiteral("--undefined-only"),
                                           QStringLiteral("--format=posix"), plugin});
        ASSERT_FALSE(symbols.isEmpty()) << plugin.toStdString();
        for (const QString& line : symbols.split(u'\n', Qt::SkipEmptyParts)) {
            const QString symbol = line.section(u' ', 0, 0);
            EXPECT_FALSE(foreign.match(symbol).hasMatch())
                << plugin.toStdString() << " uses " << symbol.toStdString();
        }
        const QString libraries =
            output_of(QStringLiteral("readelf"), {QStringLiteral("-d"), plugin});
        for (const char* library : {"libQt", "libyaml-cpp", "libspdlog", "libbotbottle"}) {
            EXPECT_FALSE(libraries.contains(QLatin1String(library)))
                << plugin.toStdString() << " needs " << library;
        }
    }
}

TEST(Boundary, OnlyTheEntryIsExported) {
    for (const QString& plugin : built_plugins()) {
        const QString symbols =
            output_of(QStringLiteral("nm"), {QStringLiteral("-D"), QStringLiteral("--defined-only"),
                                             QStringLiteral("--format=posix"), plugin});
        QStringList strong;
        for (const QString& line : symbols.split(u'\n', Qt::SkipEmptyParts)) {
            const QString type = line.section(u' ', 1, 1);
            // V, W and u are templates of the standard library, which it exports itself. A build
            // with the address sanitizer marks each global for its check of the one definition
            // rule.
            if (line.startsWith(QStringLiteral("__odr_asan."))) continue;
            if (type != QStringLiteral("V") && type != QStringLiteral("W") &&
                type != QStringLiteral("u")) {
                strong += line.section(u' ', 0, 0);
            }
        }
        EXPECT_EQ(strong, QStringList(QStringLiteral("botbottle_plugin"))) << plugin.toStdString();
    }
}

// The headers of this tree that a source takes in, by asking the compiler for its dependencies.
QStringList headers_of(const QJsonObject& command) {
    QStringList arguments =
        QProcess::splitCommand(command.value(QStringLiteral("command")).toString());
    const auto output = arguments.indexOf(QStringLiteral("-o"));
    if (output >= 0) arguments.remove(output, 2);
    arguments.removeAll(QStringLiteral("-c"));
    if (arguments.first().endsWith(QStringLiteral("ccache"))) arguments.removeFirst();
    const QString compiler = arguments.takeFirst();
    arguments += QStringLiteral("-MM");
    QString rule =
        output_of(compiler, arguments, command.value(QStringLiteral("directory")).toString());
    rule.replace(QStringLiteral("\\\n"), QStringLiteral(" "));
    QStringList headers;
    for (const QString& word : rule.section(u':', 1).split(
             QRegularExpression(QStringLiteral("\\s+")), Qt::SkipEmptyParts)) {
        const QString path = QDir::cleanPath(
            QDir(command.value(QStringLiteral("directory")).toString()).absoluteFilePath(word));
        if (path.startsWith(kSources + QLatin1Char('/'))) headers += path.mid(kSources.size() + 1);
    }
    return headers;
}

TEST(Boundary, OnlyThePluginHeadersOfCoreAreIncluded) {
    QFile file(QStringLiteral(BOTBOTTLE_BUILD_DIR "/compile_commands.json"));
    ASSERT_TRUE(file.open(QIODevice::ReadOnly));
    int sources = 0;
    for (const QJsonValue& value : QJsonDocument::fromJson(file.readAll()).array()) {
        const QJsonObject command = value.toObject();
        const QString source = command.value(QStringLiteral("file")).toString();
        if (!source.startsWith(kSources + QStringLiteral("/plugins/"))) continue;
        ++sources;
        const QString room = source.mid(kSources.size() + 1).section(u'/', 0, 1) + QLatin1Char('/');
        for (const QString& header : headers_of(command)) {
            const bool allowed = header.startsWith(room) ||
                                 header.startsWith(QStringLiteral("plugins/host-bottle/")) ||
                                 header == QStringLiteral("core/include/botbottle/plugin.h") ||
                                 header == QStringLiteral("core/include/botbottle/plugin.hpp") ||
                                 header == QStringLiteral("core/include/botbottle/request.hpp");
            // An engine's images are built by one plugin's code, which the other has compiled in.
            const bool borrowed =
                room == QStringLiteral("plugins/backend-smolmachines/") &&
                QRegularExpression(
                    QStringLiteral(
                        "^plugins/backend-docker/(endpoint|engine|engine_error|image|tar)\\.h$"))
                    .match(header)
                    .hasMatch();
            EXPECT_TRUE(allowed || borrowed)
                << source.toStdString() << " includes " << header.toStdString();
        }
    }
    EXPECT_GT(sources, 0);
}

}  // namespace
}  // namespace botbottle
