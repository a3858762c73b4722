// BackendPlugin and ProviderPlugin: the C ABI as C++ calls. Each call sends one JSON object and
// gets one back; whatever the plugin does wrong (no reply, not JSON, a bad error document) becomes
// an Error, never undefined behaviour here.
#pragma once

#include <QJsonObject>
#include <QString>
#include <chrono>
#include <functional>
#include <memory>

#include "base/error.h"
#include "plugins/descriptor.h"

namespace botbottle {

class LoadedPlugin;

// What plugins may call back. `progress` and `cancelled` may come from any thread of the plugin.
struct PluginHost {
    std::function<void(const QString& plugin, const QJsonObject& progress)> progress;
    std::function<bool()> cancelled;
};

class ProviderPlugin {
  public:
    explicit ProviderPlugin(std::shared_ptr<LoadedPlugin> plugin);

    const PluginDescriptor& descriptor() const;
    Result<QJsonObject> provision(const QJsonObject& request) const;
    Result<QJsonObject> command_line(const QJsonObject& request) const;

    // The optional extension botbottle.provider.events/1. normalise() without it gives {}.
    bool has_events() const;
    Result<QJsonObject> normalise(const QJsonObject& line) const;

  private:
    std::shared_ptr<LoadedPlugin> plugin_;
};

// How long an operation of a backend may go without a sign of life (progress) before it is given
// up. Long: they start machines, build images and copy workspaces.
struct BackendLimits {
    std::chrono::milliseconds answer = std::chrono::seconds(20);     // list, leftovers
    std::chrono::milliseconds action = std::chrono::seconds(120);    // what starts and stops
    std::chrono::milliseconds transfer = std::chrono::seconds(900);  // images and trees
    std::chrono::milliseconds after_interrupt = std::chrono::seconds(10);
};

class BackendPlugin {
  public:
    explicit BackendPlugin(std::shared_ptr<LoadedPlugin> plugin, const BackendLimits& limits = {});

    const PluginDescriptor& descriptor() const;
    Result<QJsonObject> probe(const QJsonObject& request) const;
    Result<QJsonObject> prepare(const QJsonObject& request) const;
    Result<QJsonObject> launch(const QJsonObject& request) const;
    Result<QJsonObject> exec(const QJsonObject& request) const;
    Result<QJsonObject> attach(const QJsonObject& request) const;
    Result<QJsonObject> copy_in(const QJsonObject& request) const;
    Result<QJsonObject> copy_out(const QJsonObject& request) const;
    Result<QJsonObject> stop(const QJsonObject& request) const;
    Result<QJsonObject> list(const QJsonObject& request) const;
    Result<QJsonObject> leftovers(const QJsonObject& request) const;
    Result<QJsonObject> remove(const QJsonObject& request) const;

  private:
    std::shared_ptr<LoadedPlugin> plugin_;
    BackendLimits limits_;
};

}  // namespace botbottle
