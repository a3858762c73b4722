#include "cli/context.h"

#include <QDir>
#include <QJsonArray>
#include <cstdlib>

#include "bottles/installation.h"
#include "bottles/interrupt.h"
#include "cli/messages.h"

namespace botbottle::cli {
namespace {

// What "auto" tries, in this order, before it takes any other that is installed.
constexpr const char* kPreferredBackends[] = {"bubblewrap"};

const char* host_variable(const char* name) {
    return std::getenv(name);
}

// Nobody who asked for a placement is given a bottle of a backend that has never heard of it.
Result<BackendPlugin*> with_placement(const Result<BackendPlugin*>& backend) {
    const char* const asked = host_variable("BOTBOTTLE_PLACEMENT");
    const PluginDescriptor& descriptor = (*backend)->descriptor();
    if (asked == nullptr || *asked == '\0' ||
        descriptor.host_env.contains(QLatin1String("BOTBOTTLE_PLACEMENT")))
        return backend;
    return failure(
        "no_placement",
        "--placement: the backend " + descriptor.id.toStdString() + " has no choice of it",
        "leave it out (BOTBOTTLE_PLACEMENT, too), or name a backend that has: "
        "--backend docker");
}

PluginHost plugin_host() {
    PluginHost host;
    host.progress = [](const QString&, const QJsonObject& progress) {
        show_progress(progress.value(QLatin1String("message")).toString());
    };
    host.cancelled = [] { return interrupted(); };
    return host;
}

}  // namespace

Result<std::unique_ptr<Context>> Context::make(const GlobalOptions& options,
                                               const SettingFlags& flags) {
    auto home = Home::locate();
    if (!home) return tl::make_unexpected(home.error());
    auto settings = load_settings(home->path(), flags, host_variable);
    if (!settings) return tl::make_unexpected(settings.error());
    auto user_home = Home::of_the_operator();
    return std::unique_ptr<Context>(new Context(options, std::move(*home), std::move(*settings),
                                                QDir::currentPath(),
                                                user_home.value_or(QString())));
}

Context::Context(GlobalOptions options, Home home, Settings settings, QString working_directory,
                 QString user_home)
    : options_(options),
      home_(std::move(home)),
      settings_(std::move(settings)),
      operator_(options.no_input),
      working_directory_(std::move(working_directory)),
      user_home_(std::move(user_home)),
      variables_(host_variable) {
    const char* path = std::getenv("BOTBOTTLE_PLUGIN_PATH");
    PluginPlaces places =
        default_plugin_places(home_.path(), QString::fromLocal8Bit(path != nullptr ? path : ""));
    places.allow = settings_.plugins_allow.value;
    plugins_ = std::make_unique<PluginRegistry>(std::move(places), plugin_host());
}

const ManifestStore& Context::manifests() {
    if (!manifests_) {
        manifests_ = ManifestStore::load(home_.path(), working_directory_);
        for (const QString& warning : manifests_->warnings())
            warn(warning);
    }
    return *manifests_;
}

PlanSources Context::plan_sources() {
    return {manifests(), settings_, *plugins_, variables_, user_home_};
}

Result<BackendPlugin*> Context::backend() {
    const QString& wanted = settings_.backend.value;
    if (wanted != QLatin1String("auto")) {
        auto backend = plugins_->backend(wanted);
        if (!backend) return failure("no_backend", backend.error().message, backend.error().hint);
        return with_placement(backend);
    }
    for (const char* id : kPreferredBackends) {
        if (auto backend = plugins_->backend(QLatin1String(id)); backend)
            return with_placement(backend);
    }
    for (const QString& id : plugins_->ids(PluginKind::Backend)) {
        if (auto backend = plugins_->backend(id); backend) return with_placement(backend);
    }
    return failure("no_backend", "no backend is installed",
                   "`botbottle plugin list` shows what was found and why it was refused");
}

std::optional<Error> Context::backend_refusal(BackendPlugin& backend) const {
    auto probe = backend.probe({{QStringLiteral("libexec_dir"), libexec_directory()}});
    const std::string id = backend.descriptor().id.toStdString();
    if (!probe) return Error{"no_backend", id + ": " + probe.error().message, probe.error().hint};
    if (probe->value(QLatin1String("usable")).toBool()) return std::nullopt;
    for (const auto& value : probe->value(QLatin1String("checks")).toArray()) {
        const QJsonObject check = value.toObject();
        if (check.value(QLatin1String("ok")).toBool()) continue;
        return Error{"no_backend",
                     id + " cannot isolate here: " +
                         check.value(QLatin1String("message")).toString().toStdString(),
                     check.value(QLatin1String("hint")).toString().toStdString()};
    }
    return Error{"no_backend", id + " cannot isolate here", "`botbottle doctor` says more"};
}

}  // namespace botbottle::cli
