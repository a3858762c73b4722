#include "plugins/plugin.h"

#include "plugins/loaded_plugin.h"

namespace botbottle {

ProviderPlugin::ProviderPlugin(std::shared_ptr<LoadedPlugin> plugin) : plugin_(std::move(plugin)) {}

const PluginDescriptor& ProviderPlugin::descriptor() const {
    return plugin_->descriptor();
}

Result<QJsonObject> ProviderPlugin::provision(const QJsonObject& request) const {
    return plugin_->call({"provision", plugin_->provider()->provision}, request);
}
Result<QJsonObject> ProviderPlugin::command_line(const QJsonObject& request) const {
    return plugin_->call({"command_line", plugin_->provider()->command_line}, request);
}

bool ProviderPlugin::has_events() const {
    return plugin_->provider_events() != nullptr;
}

Result<QJsonObject> ProviderPlugin::normalise(const QJsonObject& line) const {
    if (!has_events()) return QJsonObject();
    return plugin_->call({"normalise", plugin_->provider_events()->normalise}, line);
}

BackendPlugin::BackendPlugin(std::shared_ptr<LoadedPlugin> plugin, const BackendLimits& limits)
    : plugin_(std::move(plugin)), limits_(limits) {}

const PluginDescriptor& BackendPlugin::descriptor() const {
    return plugin_->descriptor();
}

Result<QJsonObject> BackendPlugin::probe(const QJsonObject& request) const {
    return plugin_->call_backend({"probe", plugin_->backend()->probe}, request, limits_,
                                 limits_.action);
}
Result<QJsonObject> BackendPlugin::prepare(const QJsonObject& request) const {
    return plugin_->call_backend({"prepare", plugin_->backend()->prepare}, request, limits_,
                                 limits_.transfer);
}
Result<QJsonObject> BackendPlugin::launch(const QJsonObject& request) const {
    return plugin_->call_backend({"launch", plugin_->backend()->launch}, request, limits_,
                                 limits_.action);
}
Result<QJsonObject> BackendPlugin::exec(const QJsonObject& request) const {
    // The command's own time, and the backend's.
    const auto own = std::chrono::milliseconds(
        request.value(QLatin1String("timeout_ms")).toInteger(limits_.transfer.count()));
    return plugin_->call_backend({"exec", plugin_->backend()->exec}, request, limits_,
                                 own + limits_.action);
}
Result<QJsonObject> BackendPlugin::attach(const QJsonObject& request) const {
    return plugin_->call_backend({"attach", plugin_->backend()->attach}, request, limits_,
                                 limits_.action);
}
Result<QJsonObject> BackendPlugin::copy_in(const QJsonObject& request) const {
    return plugin_->call_backend({"copy_in", plugin_->backend()->copy_in}, request, limits_,
                                 limits_.transfer);
}
Result<QJsonObject> BackendPlugin::copy_out(const QJsonObject& request) const {
    return plugin_->call_backend({"copy_out", plugin_->backend()->copy_out}, request, limits_,
                                 limits_.transfer);
}
Result<QJsonObject> BackendPlugin::stop(const QJsonObject& request) const {
    const std::chrono::milliseconds grace(request.value(QLatin1String("grace_ms")).toInteger());
    return plugin_->call_backend({"stop", plugin_->backend()->stop}, request, limits_,
                                 grace + limits_.action);
}
Result<QJsonObject> BackendPlugin::list(const QJsonObject& request) const {
    return plugin_->call_backend({"list", plugin_->backend()->list}, request, limits_,
                                 limits_.answer);
}
Result<QJsonObject> BackendPlugin::leftovers(const QJsonObject& request) const {
    return plugin_->call_backend({"leftovers", plugin_->backend()->leftovers}, request, limits_,
                                 limits_.answer);
}
Result<QJsonObject> BackendPlugin::remove(const QJsonObject& request) const {
    return plugin_->call_backend({"remove", plugin_->backend()->remove}, request, limits_,
                                 limits_.action);
}

}  // namespace botbottle
