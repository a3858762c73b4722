// PluginRegistry: finds plugins, refuses the bad ones with a reason, loads the rest when asked.
//
// A plugin's file is called `<kind>-<id>.so`, and its descriptor must agree: so `plugins.allow` is
// held before any code of the file runs, and a launch opens the one or two files that it needs.
// scan() opens all that are allowed, for `plugin list`. docs/plugin-abi.md, "What is refused", is
// the list that is held here. Not thread-safe: one thread loads plugins.
#pragma once

#include <QList>
#include <QString>
#include <QStringList>
#include <map>
#include <memory>
#include <optional>

#include "base/error.h"
#include "plugins/plugin.h"

namespace botbottle {

// One file that was looked at.
struct PluginReport {
    QString path;
    std::optional<PluginDescriptor> descriptor;  // when it was got as far as that
    std::optional<Error> refused;                // nullopt: usable
};

struct PluginPlaces {
    QStringList directories;           // in order of precedence
    std::optional<QStringList> allow;  // ids of settings `plugins.allow`; nullopt: all
};

// The directories of BOTBOTTLE_PLUGIN_PATH (`plugin_path`, colon-separated; a relative one is
// refused), <home>/plugins, <directory of this program>/../lib/botbottle/plugins.
PluginPlaces default_plugin_places(const QString& home, const QString& plugin_path);

class PluginRegistry {
  public:
    PluginRegistry(PluginPlaces places, PluginHost host);
    ~PluginRegistry();
    PluginRegistry(const PluginRegistry&) = delete;
    PluginRegistry& operator=(const PluginRegistry&) = delete;

    // Errors: `unknown_plugin` (with the known ids and what was refused), or why it was refused.
    // The pointers live as long as the registry.
    Result<ProviderPlugin*> provider(const QString& id);
    Result<BackendPlugin*> backend(const QString& id);

    // Everything found, usable or not, in order of precedence.
    QList<PluginReport> scan();

    // Opens and checks one file, wherever it lies and whatever it is called.
    PluginReport inspect(const QString& path);

    // Ids of usable plugins of a kind, in order of precedence; loads all.
    QStringList ids(PluginKind kind);

  private:
    class Implementation;
    std::unique_ptr<Implementation> implementation_;
};

}  // namespace botbottle
