#include "manifest/store.h"

#include <QDir>
#include <QFileInfo>
#include <algorithm>
#include <set>

#include "manifest/agent_reader.h"
#include "manifest/bottle_reader.h"
#include "manifest/manifest_file.h"
#include "manifest/names.h"
#include "manifest/text.h"

namespace botbottle {
namespace {

const QString kSuffix = QStringLiteral(".md");

template <typename Map>
QStringList keys_of(const Map& map) {
    QStringList keys;
    for (const auto& [key, value] : map)
        keys += key;
    return keys;
}

// The names that a directory's files define. Whatever else lies there is told, not guessed at.
QStringList list_names(const QString& directory, QStringList& warnings) {
    QStringList names;
    const QDir::Filters everything =
        QDir::AllEntries | QDir::Hidden | QDir::System | QDir::NoDotAndDotDot;
    for (const QString& file : QDir(directory).entryList(everything, QDir::Name)) {
        const QString name = file.endsWith(kSuffix) ? file.chopped(kSuffix.size()) : QString();
        if (is_manifest_name(name)) {
            names += name;
        } else {
            warnings += QStringLiteral("skipped %1 in %2: a manifest is called [a-z][a-z0-9-]*.md")
                            .arg(quoted(file), directory);
        }
    }
    return names;
}

// `chain` goes from the bottle asked for up to the one that extends `again`, which is in it
// already.
tl::unexpected<Error> cycle(const QList<BottleLayer>& chain, const QString& again) {
    QStringList names;
    for (const BottleLayer& layer : chain)
        names += layer.name;
    names += again;
    const Location& where = chain.last().extends_where;
    const QString message = QStringLiteral("%1:%2: extends: a bottle cannot extend itself: %3")
                                .arg(where.file)
                                .arg(where.line)
                                .arg(names.mid(names.indexOf(again)).join(QStringLiteral(" → ")));
    return failure("extends_cycle", message.toStdString());
}

tl::unexpected<Error> unknown(const char* code, const QString& what, const QString& name,
                              const QStringList& known, const QString& directory) {
    const QString meant = nearest(name, known);
    QString message = QStringLiteral("there is no %1 %2").arg(what, quoted(name));
    if (!meant.isEmpty()) message += QStringLiteral("; did you mean \"%1\"?").arg(meant);
    const QString hint =
        known.isEmpty()
            ? QStringLiteral("write one as %1/<name>.md").arg(directory)
            : QStringLiteral("known: %1 (in %2)").arg(known.join(QStringLiteral(", ")), directory);
    return failure(code, message.toStdString(), hint.toStdString());
}

// bot-bottle.json in a directory that has nothing of the present shape.
QString older_file_in(const QString& directory) {
    const QString file = directory + QStringLiteral("/bot-bottle.json");
    return !directory.isEmpty() && QFileInfo(file).isFile() ? file : QString();
}

tl::unexpected<Error> older_shape(const QString& file) {
    return failure(
        "manifest_invalid",
        QStringLiteral("%1: replaced by one file for each bottle and agent, "
                       ".bot-bottle/bottles/<name>.md and .bot-bottle/agents/<name>.md")
            .arg(file)
            .toStdString(),
        QStringLiteral("`botbottle migrate %1` prints the new files").arg(file).toStdString());
}

}  // namespace

ManifestStore ManifestStore::load(const QString& home, const QString& working_directory) {
    ManifestStore store;
    store.home_ = home;
    for (const QString& name : list_names(home + QStringLiteral("/bottles"), store.warnings_)) {
        store.bottles_.emplace(name, home + QStringLiteral("/bottles/") + name + kSuffix);
    }
    for (const QString& name : list_names(home + QStringLiteral("/agents"), store.warnings_)) {
        store.agents_[name].home = home + QStringLiteral("/agents/") + name + kSuffix;
    }
    store.list_repository(working_directory);
    if (store.bottles_.empty() && store.agents_.empty()) {
        store.older_file_ = older_file_in(QFileInfo(home).path());
        const bool has_folder =
            QFileInfo::exists(working_directory + QStringLiteral("/.bot-bottle"));
        if (store.older_file_.isEmpty() && !has_folder)
            store.older_file_ = older_file_in(working_directory);
    }
    return store;
}

void ManifestStore::list_repository(const QString& working_directory) {
    const QFileInfo folder(working_directory + QStringLiteral("/.bot-bottle"));
    if (working_directory.isEmpty() || !folder.exists() ||
        folder.canonicalFilePath() == QFileInfo(home_).canonicalFilePath()) {
        return;
    }
    const QFileInfo bottles(folder.filePath() + QStringLiteral("/bottles"));
    const QFileInfo agents(folder.filePath() + QStringLiteral("/agents"));
    if (bottles.exists() || bottles.isSymLink()) {
        warnings_ += QStringLiteral(
                         "ignored %1: a repository cannot bring bottles; copy what you "
                         "trust to %2/bottles")
                         .arg(bottles.filePath(), home_);
    }
    if (folder.isSymLink() || agents.isSymLink()) {
        warnings_ += QStringLiteral(
                         "ignored %1: a repository's agents must not be reached through a "
                         "symbolic link")
                         .arg(agents.filePath());
        return;
    }
    repository_ = working_directory;
    for (const QString& name : list_names(agents.filePath(), warnings_)) {
        agents_[name].repository = agents.filePath() + QLatin1Char('/') + name + kSuffix;
    }
}

QStringList ManifestStore::bottle_names() const {
    return keys_of(bottles_);
}
QStringList ManifestStore::agent_names() const {
    return keys_of(agents_);
}

Result<BottleManifest> ManifestStore::bottle(const QString& name) const {
    return resolve(name, nullptr);
}

Result<BottleManifest> ManifestStore::draft_of_bottle(const QString& name,
                                                      const std::string& text) const {
    return resolve(name, &text);
}

Result<AgentManifest> ManifestStore::draft_of_agent(const QString& name,
                                                    const std::string& text) const {
    return read_agent(name, name + kSuffix, text);
}

QString ManifestStore::bottle_file(const QString& name) const {
    const auto file = bottles_.find(name);
    return file == bottles_.end() ? QString() : file->second;
}

QString ManifestStore::agent_file(const QString& name) const {
    const auto files = agents_.find(name);
    if (files == agents_.end()) return {};
    return files->second.home.isEmpty() ? files->second.repository : files->second.home;
}

// `draft`, when there is one, is read in the place of the first file of the chain.
Result<BottleManifest> ManifestStore::resolve(const QString& name, const std::string* draft) const {
    QList<BottleLayer> chain;  // from the bottle up to its root
    std::set<QString> seen;
    QString wanted = name;
    while (true) {
        const bool drafted = draft != nullptr && chain.isEmpty();
        const auto file = bottles_.find(wanted);
        if (file == bottles_.end() && !drafted) {
            if (!older_file_.isEmpty()) return older_shape(older_file_);
            auto missing = unknown("unknown_bottle", QStringLiteral("bottle"), wanted,
                                   bottle_names(), home_ + QStringLiteral("/bottles"));
            if (chain.isEmpty()) return missing;
            const Location& where = chain.last().extends_where;
            missing.value().message =
                QStringLiteral("%1:%2: extends: ").arg(where.file).arg(where.line).toStdString() +
                missing.value().message;
            return missing;
        }
        seen.insert(wanted);
        const QString path = drafted ? wanted + kSuffix : file->second;
        const auto text = drafted ? Result<std::string>(*draft) : read_home_file(path);
        if (!text) return tl::make_unexpected(text.error());
        auto layer = read_bottle(wanted, path, *text);
        if (!layer) return tl::make_unexpected(layer.error());
        chain += std::move(*layer);
        if (!chain.last().extends) break;
        wanted = *chain.last().extends;
        if (seen.count(wanted) != 0) return cycle(chain, wanted);
    }
    std::reverse(chain.begin(), chain.end());
    return merge_bottle(chain);
}

Result<AgentManifest> ManifestStore::agent(const QString& name, QStringList* warnings) const {
    const auto files = agents_.find(name);
    if (files == agents_.end()) {
        if (!older_file_.isEmpty()) return older_shape(older_file_);
        return unknown("unknown_agent", QStringLiteral("agent"), name, agent_names(),
                       home_ + QStringLiteral("/agents"));
    }
    const auto read_from = [&](const QString& path, bool repository) -> Result<AgentManifest> {
        const auto text =
            repository ? read_repository_agent(repository_, name + kSuffix) : read_home_file(path);
        if (!text) return tl::make_unexpected(text.error());
        return read_agent(name, path, *text);
    };
    if (files->second.repository.isEmpty()) return read_from(files->second.home, false);

    auto claimed = read_from(files->second.repository, true);
    if (!claimed) return claimed;
    claimed->from_repository = true;
    if (files->second.home.isEmpty()) return claimed;

    // What runs where stays the operator's choice.
    auto own = read_from(files->second.home, false);
    if (!own) return own;
    if (claimed->bottle != own->bottle && warnings != nullptr) {
        *warnings += QStringLiteral("%1:%2: bottle: ignored %3; %4 says %5")
                         .arg(claimed->file)
                         .arg(claimed->where.line)
                         .arg(quoted(claimed->bottle), own->file, quoted(own->bottle));
    }
    claimed->bottle = own->bottle;
    claimed->where = own->where;
    return claimed;
}

}  // namespace botbottle
