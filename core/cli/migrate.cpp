// botbottle migrate: an older file as this version writes it, on stdout; what could not be carried
// over, on stderr. Writes no file.
#include "manifest/migrate.h"

#include <QFileInfo>

#include "cli/commands.h"
#include "cli/messages.h"
#include "cli/output.h"
#include "manifest/agent_reader.h"
#include "manifest/bottle_reader.h"
#include "manifest/manifest_file.h"

namespace botbottle::cli {
namespace {

// What is still wrong with a new file, in its own lines.
void tell_what_is_left(const MigratedFile& file) {
    const QString name = QFileInfo(file.path).completeBaseName();
    const std::string text = file.text.toStdString();
    const auto tell = [](const auto& read) {
        if (!read) warn(QString::fromStdString(read.error().message));
    };
    if (file.path.startsWith(QLatin1String("agents/")))
        tell(read_agent(name, file.path, text));
    else
        tell(read_bottle(name, file.path, text));
}

}  // namespace

int run_migrate(const QString& file) {
    auto text = read_home_file(file);
    if (!text) return fail(text.error(), kUsage);
    auto migration = migrate(QFileInfo(file).completeBaseName(), file, *text);
    if (!migration) return fail(migration.error());
    const bool several = migration->files.size() > 1;
    for (const MigratedFile& written : migration->files) {
        if (several) print_line(QStringLiteral("==> ~/.bot-bottle/%1 <==").arg(written.path));
        print(written.text);
    }
    for (const QString& note : migration->notes)
        warn(note);
    for (const MigratedFile& written : migration->files)
        tell_what_is_left(written);
    return kDone;
}

}  // namespace botbottle::cli
