// LoadedPlugin: a shared library that passed every check, its descriptor and its one instance.
//
// The library is never unloaded: a C++ plugin may have left destructors and thread-locals behind.
#pragma once

#include <botbottle/plugin.h>

#include <QByteArray>
#include <QJsonObject>
#include <QString>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/error.h"
#include "files/unique_fd.h"
#include "plugins/descriptor.h"
#include "plugins/operation_thread.h"
#include "plugins/plugin.h"
#include "plugins/sink.h"

namespace botbottle {

// A member of a table, with its name for messages.
struct PluginOperation {
    const char* name;
    botbottle_operation function;
};

class LoadedPlugin {
  public:
    // Loads what the descriptor holds, whatever its path means by now. Errors: `not_loadable`,
    // `no_entry`, `wrong_major`, `short_entry`, `missing_function`, `bad_descriptor`,
    // `plugin_threw`, `plugin_hangs`.
    static Result<std::shared_ptr<LoadedPlugin>> load(UniqueFd file, const QString& path);

    // Makes the instance and gets the table of the plugin's kind. `host` must outlive this.
    // Errors: `bad_instance`, `missing_table`, `plugin_threw`, `plugin_hangs`, or what `create`
    // wrote.
    Result<void> start(const PluginHost& host);

    ~LoadedPlugin();
    LoadedPlugin(const LoadedPlugin&) = delete;
    LoadedPlugin& operator=(const LoadedPlugin&) = delete;

    const PluginDescriptor& descriptor() const { return descriptor_; }

    // Of the started instance. The optional one may be null.
    const botbottle_provider* provider() const { return provider_; }
    const botbottle_provider_events* provider_events() const { return provider_events_; }
    const botbottle_backend* backend() const { return backend_; }

    // An operation of a provider, which only computes, in a process of its own: it may crash.
    // Errors besides its own: `plugin_threw`, `plugin_hangs`, `plugin_crashed`, `bad_reply`.
    Result<QJsonObject> call(const PluginOperation& operation, const QJsonObject& request);

    // An operation of a backend, on the one thread that all of them run on. It is given up when
    // there is no sign of life (progress) for `silence`.
    Result<QJsonObject> call_backend(const PluginOperation& operation, const QJsonObject& request,
                                     const BackendLimits& limits,
                                     std::chrono::milliseconds silence);

    // The operation here and now, with the request as it is, for who wants to know what becomes of
    // this process.
    Result<QJsonObject> call_text(const PluginOperation& operation, const QByteArray& request);

    // Whether the instance has an extension of that id.
    bool has_extension(const char* id);

  private:
    class HostSide;

    LoadedPlugin() = default;
    Result<void> read_entry(const QString& path);
    Result<void> read_tables();

    // Runs code of the plugin; `what` is for the message. After a call that hangs nothing more is
    // called.
    Result<void> contained(const char* what, std::function<void()> work);

    // The same for an outcome that is known already.
    Result<void> judge(const std::string& what, CallOutcome outcome, const std::string& limit);

    // The operation's own status, its document in the sink.
    std::function<void()> ready(const PluginOperation& operation, const QByteArray& request,
                                Sink& sink, std::shared_ptr<botbottle_status> status) const;

    const void* extension(const char* id);

    PluginDescriptor descriptor_;
    void* library_ = nullptr;
    const botbottle_plugin_entry* entry_ = nullptr;
    HostSide* host_side_ = nullptr;  // never freed: a thread of the plugin may outlive us
    QString name_;                   // for messages: the path until the descriptor is read
    bool hangs_ = false;
    botbottle_instance* instance_ = nullptr;
    const botbottle_provider* provider_ = nullptr;
    const botbottle_provider_events* provider_events_ = nullptr;
    const botbottle_backend* backend_ = nullptr;
    std::mutex mutex_;                       // one operation of one instance at a time
    std::optional<OperationThread> thread_;  // a backend's, from its first operation on
};

}  // namespace botbottle
