#include "plugins/registry.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <algorithm>
#include <utility>

#include "files/system_error.h"
#include "manifest/names.h"
#include "manifest/text.h"
#include "plugins/loaded_plugin.h"
#include "plugins/trusted_file.h"

namespace botbottle {
namespace {

using Name = std::pair<PluginKind, QString>;

const QString kSuffix = QStringLiteral(".so");

QString conventional_file(const Name& name) {
    return to_string(name.first) + QLatin1Char('-') + name.second + kSuffix;
}

// The kind and the id that a file's name claims; the descriptor must agree.
std::optional<Name> plugin_file_name(const QString& file) {
    for (const PluginKind kind : {PluginKind::Provider, PluginKind::Backend}) {
        const QString prefix = to_string(kind) + QLatin1Char('-');
        if (!file.startsWith(prefix) || !file.endsWith(kSuffix)) continue;
        const QString id = file.mid(prefix.size()).chopped(kSuffix.size());
        if (is_manifest_name(id)) return Name(kind, id);
    }
    return std::nullopt;
}

// Sorted, so that which of two equal plugins wins does not depend on the filesystem.
Result<QStringList> list_libraries(const UniqueFd& directory, const QString& path) {
    const int fd = openat(directory.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR* stream = fd < 0 ? nullptr : fdopendir(fd);
    if (stream == nullptr) {
        if (fd >= 0) close(fd);
        return files::system_failure("directory_unreadable", "list", path.toStdString());
    }
    QStringList libraries;
    while (const dirent* entry = readdir(stream)) {
        const QString file = QFile::decodeName(entry->d_name);
        if (file.endsWith(kSuffix)) libraries += file;
    }
    closedir(stream);
    libraries.sort();
    return libraries;
}

}  // namespace

class PluginRegistry::Implementation {
  public:
    Implementation(PluginPlaces places, PluginHost host)
        : allow_(std::move(places.allow)), host_(std::move(host)) {
        for (const QString& path : places.directories) {
            directories_.push_back(
                {path, open_trusted_directory(path.toStdString(), geteuid()), {}});
        }
    }

    // The started plugin of that name: of the first directory in which it is usable.
    Result<std::shared_ptr<LoadedPlugin>> get(const Name& name) {
        Candidate* found = find(name);
        if (found == nullptr) return tl::make_unexpected(explain_absence(name));
        return found->plugin;
    }

    QList<PluginReport> scan() {
        QList<PluginReport> reports;
        for (Directory& directory : directories_) {
            if (!directory.opened) {
                if (directory.opened.error().code != "directory_missing")
                    reports += PluginReport{directory.path, std::nullopt, directory.opened.error()};
                continue;
            }
            for (const QString& file : libraries(directory))
                reports += examine_or_pass_over(directory, file).report;
        }
        return reports;
    }

    PluginReport inspect(const QString& path) {
        const QFileInfo info(path);
        const auto directory = open_trusted_directory(info.absolutePath().toStdString(), geteuid());
        if (!directory) return {path, std::nullopt, directory.error()};
        Candidate candidate = open_candidate(*directory, info.absoluteFilePath());
        if (candidate.plugin) start(candidate);
        return candidate.report;
    }

    std::map<QString, std::unique_ptr<ProviderPlugin>> providers;
    std::map<QString, std::unique_ptr<BackendPlugin>> backends;

  private:
    struct Candidate {
        PluginReport report;
        std::shared_ptr<LoadedPlugin> plugin;
    };

    struct Directory {
        QString path;
        Result<UniqueFd> opened;
        std::map<QString, Candidate> candidates;  // by file name
    };

    static QStringList libraries(const Directory& directory) {
        return list_libraries(*directory.opened, directory.path).value_or(QStringList());
    }

    static Candidate refused(const QString& path, const char* code, const QString& why,
                             const QString& hint) {
        Candidate candidate;
        candidate.report.path = path;
        candidate.report.refused =
            Error{code, (path + QStringLiteral(": ") + why).toStdString(), hint.toStdString()};
        return candidate;
    }

    static Candidate open_candidate(const UniqueFd& directory, const QString& path) {
        Candidate candidate;
        candidate.report.path = path;
        const QString file = QFileInfo(path).fileName();
        auto opened = open_trusted_file(directory, QFile::encodeName(file).toStdString(),
                                        path.toStdString(), geteuid());
        if (!opened) {
            candidate.report.refused = opened.error();
            return candidate;
        }
        auto loaded = LoadedPlugin::load(std::move(*opened), path);
        if (!loaded) {
            candidate.report.refused = loaded.error();
            return candidate;
        }
        candidate.plugin = *loaded;
        candidate.report.descriptor = candidate.plugin->descriptor();
        return candidate;
    }

    // No code of the file has run before its name was found to be allowed.
    Candidate judge(const Directory& directory, const QString& file) {
        const QString path = directory.path + QLatin1Char('/') + file;
        const auto name = plugin_file_name(file);
        if (!name) {
            return refused(path, "misnamed", QStringLiteral("its name does not say what it is"),
                           QStringLiteral("call it provider-<id>.so or backend-<id>.so"));
        }
        if (allow_ && !allow_->contains(name->second)) {
            return refused(path, "not_allowed",
                           QStringLiteral("the setting plugins.allow does not name %1")
                               .arg(quoted(name->second)),
                           QStringLiteral("add it there if you trust it"));
        }
        Candidate candidate = open_candidate(*directory.opened, path);
        if (!candidate.plugin) return candidate;
        const PluginDescriptor& descriptor = candidate.plugin->descriptor();
        if (Name(descriptor.kind, descriptor.id) != *name) {
            Candidate liar = refused(path, "misnamed",
                                     QStringLiteral("it describes itself as the %1 %2")
                                         .arg(to_string(descriptor.kind), quoted(descriptor.id)),
                                     QStringLiteral("call it %1")
                                         .arg(conventional_file({descriptor.kind, descriptor.id})));
            liar.report.descriptor = descriptor;
            return liar;
        }
        start(candidate);
        return candidate;
    }

    Candidate& examine(Directory& directory, const QString& file) {
        const auto known = directory.candidates.find(file);
        if (known != directory.candidates.end()) return known->second;
        return directory.candidates.emplace(file, judge(directory, file)).first->second;
    }

    // As find() would have it: what a usable file of the same name stands before is not opened.
    Candidate& examine_or_pass_over(Directory& directory, const QString& file) {
        for (Directory& earlier : directories_) {
            if (&earlier == &directory) break;
            const auto same = earlier.candidates.find(file);
            if (same == earlier.candidates.end() || same->second.report.refused) continue;
            const QString path = directory.path + QLatin1Char('/') + file;
            return directory.candidates
                .insert_or_assign(
                    file,
                    refused(path, "duplicate_id",
                            QStringLiteral("its id is taken by %1").arg(same->second.report.path),
                            QStringLiteral("remove one of the two")))
                .first->second;
        }
        return examine(directory, file);
    }

    Candidate* find(const Name& name) {
        const QString file = conventional_file(name);
        if (plugin_file_name(file) != name) return nullptr;  // an id that nothing can have
        for (Directory& directory : directories_) {
            if (!directory.opened) continue;
            const bool there =
                faccessat(directory.opened->get(), QFile::encodeName(file).constData(), F_OK,
                          AT_SYMLINK_NOFOLLOW) == 0;
            if (!there) continue;
            Candidate& candidate = examine(directory, file);
            if (!candidate.report.refused) return &candidate;
        }
        return nullptr;
    }

    void start(Candidate& candidate) {
        if (auto started = candidate.plugin->start(host_); !started) {
            Error error = started.error();
            error.message = candidate.report.path.toStdString() + ": " + error.message;
            candidate.report.refused = std::move(error);
        }
    }

    Error explain_absence(const Name& name) {
        QStringList known;
        QStringList refusals;
        for (const PluginReport& report : scan()) {
            const QString file = QFileInfo(report.path).fileName();
            if (report.refused && file == conventional_file(name)) return *report.refused;
            if (report.refused) {
                refusals += QString::fromStdString(report.refused->message);
            } else if (report.descriptor->kind == name.first) {
                known += report.descriptor->id;
            }
        }
        QString message = QStringLiteral("there is no %1 plugin %2")
                              .arg(to_string(name.first), quoted(name.second));
        const QString meant = nearest(name.second, known);
        if (!meant.isEmpty()) message += QStringLiteral("; did you mean \"%1\"?").arg(meant);
        QString hint = known.isEmpty()
                           ? QStringLiteral("none is installed")
                           : QStringLiteral("installed: %1").arg(known.join(QStringLiteral(", ")));
        if (!refusals.isEmpty())
            hint += QStringLiteral("; refused: %1").arg(refusals.join(QStringLiteral("; ")));
        return {"unknown_plugin", message.toStdString(), hint.toStdString()};
    }

    std::optional<QStringList> allow_;
    PluginHost host_;
    std::vector<Directory> directories_;
};

PluginPlaces default_plugin_places(const QString& home, const QString& plugin_path) {
    PluginPlaces places;
    for (const QString& directory : plugin_path.split(u':', Qt::SkipEmptyParts)) {
        places.directories += QDir::cleanPath(directory);
    }
    places.directories += home + QStringLiteral("/plugins");
    // /proc rather than QCoreApplication: a launch need not make one for this.
    const QFileInfo program(QFile::symLinkTarget(QStringLiteral("/proc/self/exe")));
    places.directories +=
        QDir::cleanPath(program.absolutePath() + QStringLiteral("/../lib/botbottle/plugins"));
    return places;
}

PluginRegistry::PluginRegistry(PluginPlaces places, PluginHost host)
    : implementation_(std::make_unique<Implementation>(std::move(places), std::move(host))) {}

PluginRegistry::~PluginRegistry() = default;

Result<ProviderPlugin*> PluginRegistry::provider(const QString& id) {
    auto& wrapper = implementation_->providers[id];
    if (!wrapper) {
        const auto plugin = implementation_->get({PluginKind::Provider, id});
        if (!plugin) return tl::make_unexpected(plugin.error());
        wrapper = std::make_unique<ProviderPlugin>(*plugin);
    }
    return wrapper.get();
}

Result<BackendPlugin*> PluginRegistry::backend(const QString& id) {
    auto& wrapper = implementation_->backends[id];
    if (!wrapper) {
        const auto plugin = implementation_->get({PluginKind::Backend, id});
        if (!plugin) return tl::make_unexpected(plugin.error());
        wrapper = std::make_unique<BackendPlugin>(*plugin);
    }
    return wrapper.get();
}

QList<PluginReport> PluginRegistry::scan() {
    return implementation_->scan();
}

PluginReport PluginRegistry::inspect(const QString& path) {
    return implementation_->inspect(path);
}

QStringList PluginRegistry::ids(PluginKind kind) {
    QStringList ids;
    for (const PluginReport& report : scan()) {
        if (!report.refused && report.descriptor->kind == kind) ids += report.descriptor->id;
    }
    return ids;
}

}  // namespace botbottle
