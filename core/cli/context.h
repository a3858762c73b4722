// Context: what every command works with, made when it is first needed.
#pragma once

#include <QString>
#include <memory>
#include <optional>

#include "base/error.h"
#include "bottles/home.h"
#include "cli/ask.h"
#include "manifest/settings.h"
#include "manifest/store.h"
#include "plan/plan.h"
#include "plugins/registry.h"

namespace botbottle::cli {

// The options that stand before or after any command.
struct GlobalOptions {
    bool json = false;
    bool no_input = false;
    bool verbose = false;
};

class Context {
  public:
    static Result<std::unique_ptr<Context>> make(const GlobalOptions& options,
                                                 const SettingFlags& flags = {});

    const GlobalOptions& options() const { return options_; }
    const Home& home() const { return home_; }
    const Settings& settings() const { return settings_; }
    const Operator& ask() const { return operator_; }
    const QString& working_directory() const { return working_directory_; }
    PluginRegistry& plugins() { return *plugins_; }
    const ManifestStore& manifests();
    // They are read anew when they are asked for again: files change while a dashboard runs.
    void forget_manifests() { manifests_.reset(); }
    // As if the command had been given there. Before the manifests are asked for.
    void work_in(const QString& directory) { working_directory_ = directory; }
    PlanSources plan_sources();

    // The backend that the settings ask for; "auto" is the first one that is installed. Whether it
    // works here is found out by using it: a launch that fails asks it why (backend_refusal).
    Result<BackendPlugin*> backend();

    // Error `no_backend` with what the probe found, when the backend cannot isolate on this
    // machine. nullopt when it can.
    std::optional<Error> backend_refusal(BackendPlugin& backend) const;

  private:
    Context(GlobalOptions options, Home home, Settings settings, QString working_directory,
            QString user_home);

    GlobalOptions options_;
    Home home_;
    Settings settings_;
    Operator operator_;
    QString working_directory_;
    QString user_home_;
    HostVariables variables_;
    std::unique_ptr<PluginRegistry> plugins_;
    std::optional<ManifestStore> manifests_;
};

}  // namespace botbottle::cli
