#include "plugins/loaded_plugin.h"

#include <dlfcn.h>
#include <spdlog/spdlog.h>

#include <QJsonDocument>
#include <array>
#include <atomic>
#include <chrono>
#include <cstring>
#include <string_view>
#include <vector>

#include "plugins/child_call.h"
#include "plugins/contained_call.h"
#include "plugins/crash_note.h"

namespace botbottle {
namespace {

constexpr std::size_t kLongestDescriptor = 1024 * 1024;

tl::unexpected<Error> refused(const char* code, const QString& path, const QString& why) {
    return failure(code, QStringLiteral("%1: %2").arg(path, why).toStdString());
}

// Neither reads a byte beyond the size that the table claims.
template <typename Table, typename... Members>
bool complete(const Table* table, Members... members) {
    return table->struct_size >= sizeof(Table) && ((table->*members != nullptr) && ...);
}

bool complete(const botbottle_provider* table) {
    return complete(table, &botbottle_provider::provision, &botbottle_provider::command_line);
}

bool complete(const botbottle_provider_events* table) {
    return complete(table, &botbottle_provider_events::normalise);
}

bool complete(const botbottle_backend* table) {
    using B = botbottle_backend;
    return complete(table, &B::probe, &B::prepare, &B::launch, &B::exec, &B::attach, &B::copy_in,
                    &B::copy_out, &B::stop, &B::list, &B::leftovers, &B::remove);
}

// None of what is limited by it does more than compute.
constexpr std::chrono::seconds kPatience{10};

// What a child sends, besides its last words.
constexpr char kProgressFrame = 'p';
constexpr char kStatusFrame = 's';
constexpr char kReplyFrame = 'r';

QByteArray to_text(const QJsonObject& request) {
    return QJsonDocument(request).toJson(QJsonDocument::Compact);
}

std::string seconds_text(std::chrono::milliseconds limit) {
    return limit.count() % 1000 == 0 ? std::to_string(limit.count() / 1000) + " s"
                                     : std::to_string(limit.count()) + " ms";
}

}  // namespace

// What the host offers the plugin. Callbacks may come from any thread of the plugin, and from one
// that outlives the instance.
class LoadedPlugin::HostSide {
  public:
    // Kept until the process ends, as a Sink is.
    static HostSide& make(const PluginHost& host, const QString& id) {
        static auto* const kept = new std::vector<std::unique_ptr<HostSide>>;
        static std::mutex mutex;
        const std::lock_guard lock(mutex);
        kept->push_back(std::make_unique<HostSide>(host, id));
        return *kept->back();
    }

    HostSide(const PluginHost& host, QString id)
        : table_{sizeof(botbottle_host), BOTBOTTLE_ABI_MINOR, this,
                 &HostSide::log,         &HostSide::progress, &HostSide::cancelled,
                 &HostSide::extension},
          host_(&host),
          id_(std::move(id)) {}

    const botbottle_host* table() const { return &table_; }

    void retire() {
        const std::lock_guard lock(mutex_);
        host_ = nullptr;
    }

    // In a child: progress is told by the process that has a terminal.
    void speak_through(const ChildChannel& channel) { channel_ = &channel; }

    void tell_progress(const QByteArray& json) {
        last_sign_ = Clock::now().time_since_epoch().count();
        const auto document = QJsonDocument::fromJson(json);
        const std::lock_guard lock(mutex_);
        if (host_ == nullptr || !host_->progress || !document.isObject()) return;
        host_->progress(id_, document.object());
    }

    Patience patience(std::chrono::milliseconds silence,
                      std::chrono::milliseconds after_interrupt) {
        return {silence, after_interrupt, [this] { return cancelled(this) != 0; },
                [this] { return Clock::time_point(Clock::duration(last_sign_.load())); }};
    }

  private:
    static void log(void* context, int32_t level, const char* message, std::size_t size) {
        static constexpr std::array kLevels = {spdlog::level::debug, spdlog::level::info,
                                               spdlog::level::warn, spdlog::level::err};
        if (message == nullptr) return;
        const bool known = level >= 0 && static_cast<std::size_t>(level) < kLevels.size();
        spdlog::log(known ? kLevels[static_cast<std::size_t>(level)] : spdlog::level::info,
                    "{}: {}", static_cast<HostSide*>(context)->id_.toStdString(),
                    std::string_view(message, size));
    }

    static void progress(void* context, const char* json, std::size_t size) {
        auto* self = static_cast<HostSide*>(context);
        if (json == nullptr) return;
        const QByteArray text(json, static_cast<qsizetype>(size));
        if (self->channel_ != nullptr)
            self->channel_->send(kProgressFrame, text);
        else
            self->tell_progress(text);
    }

    static int32_t cancelled(void* context) {
        auto* self = static_cast<HostSide*>(context);
        const std::lock_guard lock(self->mutex_);
        return self->host_ != nullptr && self->host_->cancelled && self->host_->cancelled() ? 1 : 0;
    }

    // Version 1.0 defines no host extension.
    static const void* extension(void*, const char*) { return nullptr; }

    using Clock = std::chrono::steady_clock;

    botbottle_host table_;
    std::recursive_mutex mutex_;
    const PluginHost* host_;
    QString id_;
    const ChildChannel* channel_ = nullptr;
    std::atomic<Clock::rep> last_sign_ = Clock::time_point::min().time_since_epoch().count();
};

LoadedPlugin::~LoadedPlugin() {
    if (instance_ != nullptr) {
        botbottle_instance* instance = instance_;
        (void)contained("destroy", [instance] { instance->destroy(instance); });
    }
    if (host_side_ != nullptr) host_side_->retire();
}

Result<void> LoadedPlugin::contained(const char* what, std::function<void()> work) {
    const std::string who = "plugin " + name_.toStdString() + ": " + what;
    if (hangs_) return failure("plugin_hangs", who + " was not called: it hung before");
    const CrashNote note(who);
    return judge(what, call_contained(std::move(work), kPatience), seconds_text(kPatience));
}

Result<void> LoadedPlugin::judge(const std::string& what, CallOutcome outcome,
                                 const std::string& limit) {
    const std::string who = "plugin " + name_.toStdString() + ": " + what + ' ';
    hangs_ = outcome == CallOutcome::Hangs;
    if (outcome == CallOutcome::Threw) return failure("plugin_threw", who + "threw across the ABI");
    if (hangs_) return failure("plugin_hangs", who + "did not return within " + limit);
    return {};
}

Result<std::shared_ptr<LoadedPlugin>> LoadedPlugin::load(UniqueFd file, const QString& path) {
    std::shared_ptr<LoadedPlugin> plugin(new LoadedPlugin);
    const std::string name = "/proc/self/fd/" + std::to_string(file.get());
    plugin->library_ = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (plugin->library_ == nullptr) {
        const char* reason = dlerror();
        return refused("not_loadable", path,
                       QString::fromLocal8Bit(reason ? reason : "dlopen failed"));
    }
    // glibc knows the library by that name from now on, so the number must not be used again.
    file.release();
    plugin->name_ = path;
    if (auto read = plugin->read_entry(path); !read) return tl::make_unexpected(read.error());
    return plugin;
}

Result<void> LoadedPlugin::read_entry(const QString& path) {
    entry_ = static_cast<const botbottle_plugin_entry*>(dlsym(library_, BOTBOTTLE_PLUGIN_SYMBOL));
    if (entry_ == nullptr) {
        return refused("no_entry", path, QStringLiteral("it does not export botbottle_plugin"));
    }
    if (entry_->abi_major != BOTBOTTLE_ABI_MAJOR) {
        return refused("wrong_major", path,
                       QStringLiteral("built for plugin ABI %1, this botbottle has %2")
                           .arg(entry_->abi_major)
                           .arg(BOTBOTTLE_ABI_MAJOR));
    }
    if (entry_->struct_size < sizeof(botbottle_plugin_entry)) {
        return refused("short_entry", path,
                       QStringLiteral("its entry has %1 bytes, at least %2 are needed")
                           .arg(entry_->struct_size)
                           .arg(sizeof(botbottle_plugin_entry)));
    }
    if (entry_->describe == nullptr || entry_->create == nullptr) {
        return refused("missing_function", path,
                       QStringLiteral("its entry lacks %1")
                           .arg(entry_->describe == nullptr ? QStringLiteral("describe")
                                                            : QStringLiteral("create")));
    }
    // What a call that never returns writes to must outlive this one.
    const auto described = std::make_shared<const char*>(nullptr);
    auto called =
        contained("describe", [entry = entry_, described] { *described = entry->describe(); });
    if (!called) return called;
    const char* text = *described;
    const std::size_t size = text == nullptr ? 0 : strnlen(text, kLongestDescriptor);
    if (size == 0 || size == kLongestDescriptor) {
        return refused("bad_descriptor", path,
                       QStringLiteral("it describes itself with nothing, or without end"));
    }
    auto parsed = parse_descriptor(QByteArray(text, static_cast<qsizetype>(size)));
    if (!parsed)
        return refused("bad_descriptor", path, QString::fromStdString(parsed.error().message));
    descriptor_ = std::move(*parsed);
    name_ = descriptor_.id;
    return {};
}

const void* LoadedPlugin::extension(const char* id) {
    const auto found = std::make_shared<const void*>(nullptr);
    auto called = contained("extension", [instance = instance_, id, found] {
        *found = instance->extension(instance->context, id);
    });
    return called ? *found : nullptr;
}

bool LoadedPlugin::has_extension(const char* id) {
    return extension(id) != nullptr;
}

Result<void> LoadedPlugin::start(const PluginHost& host) {
    const std::string id = descriptor_.id.toStdString();
    host_side_ = &HostSide::make(host, descriptor_.id);
    Sink& sink = Sink::make();
    const auto made = std::make_shared<botbottle_instance*>(nullptr);
    auto called = contained("create", [entry = entry_, host = host_side_->table(), &sink, made] {
        *made = entry->create(host, sink.table());
    });
    sink.close();
    if (!called) return called;
    instance_ = *made;
    if (instance_ == nullptr) {
        auto reply = sink.read(BOTBOTTLE_FAILED, descriptor_.id);
        return tl::make_unexpected(reply.error());
    }
    const bool usable = instance_->struct_size >= sizeof(botbottle_instance) &&
                        instance_->extension != nullptr && instance_->destroy != nullptr;
    if (!usable) {
        instance_ = nullptr;  // nothing that could be destroyed
        return failure("bad_instance", "plugin " + id + " made an incomplete instance");
    }
    return read_tables();
}

Result<void> LoadedPlugin::read_tables() {
    bool complete_tables = false;
    if (descriptor_.kind == PluginKind::Provider) {
        provider_ = static_cast<const botbottle_provider*>(extension(BOTBOTTLE_EXTENSION_PROVIDER));
        provider_events_ = static_cast<const botbottle_provider_events*>(
            extension(BOTBOTTLE_EXTENSION_PROVIDER_EVENTS));
        complete_tables = provider_ != nullptr && complete(provider_) &&
                          (provider_events_ == nullptr || complete(provider_events_));
    } else {
        backend_ = static_cast<const botbottle_backend*>(extension(BOTBOTTLE_EXTENSION_BACKEND));
        complete_tables = backend_ != nullptr && complete(backend_);
    }
    if (complete_tables) return {};
    if (hangs_) return contained("extension", [] {});  // says so
    return failure("missing_table", "plugin " + name_.toStdString() +
                                        " lacks a function of the table that a " +
                                        to_string(descriptor_.kind).toStdString() + " must have");
}

std::function<void()> LoadedPlugin::ready(const PluginOperation& operation,
                                          const QByteArray& request, Sink& sink,
                                          std::shared_ptr<botbottle_status> status) const {
    return [function = operation.function, context = instance_->context, request, &sink,
            status = std::move(status)] {
        *status = function(context, request.constData(), static_cast<std::size_t>(request.size()),
                           sink.table());
    };
}

Result<QJsonObject> LoadedPlugin::call(const PluginOperation& operation,
                                       const QJsonObject& request) {
    using Kind = ChildOutcome::Kind;
    const std::lock_guard lock(mutex_);
    Sink& sink = Sink::make();
    const auto status = std::make_shared<botbottle_status>(BOTBOTTLE_FAILED);
    const auto work = ready(operation, to_text(request), sink, status);
    const auto in_child = [&](const ChildChannel& channel) {
        host_side_->speak_through(channel);
        work();
        sink.close();
        channel.send(kStatusFrame, QByteArray::number(*status));
        channel.send(kReplyFrame, sink.pack());
    };
    const auto receive = [&](char kind, const QByteArray& content) {
        if (kind == kProgressFrame) host_side_->tell_progress(content);
        if (kind == kStatusFrame) *status = content.toInt();
        if (kind == kReplyFrame) sink.unpack(content);
    };
    const ChildOutcome outcome = call_in_child(in_child, receive, kPatience);
    sink.close();
    const std::string who = "plugin " + name_.toStdString() + ": " + operation.name + ' ';
    switch (outcome.kind) {
        case Kind::Threw:
            return failure("plugin_threw", who + "threw across the ABI");
        case Kind::Hangs:
            return failure("plugin_hangs",
                           who + "did not return within " + seconds_text(kPatience));
        case Kind::Crashed:
            return failure("plugin_crashed", who + "crashed (" + strsignal(outcome.number) + ")");
        case Kind::Ended:
            return failure("plugin_crashed", who + "ended its process (exit code " +
                                                 std::to_string(outcome.number) + ")");
        case Kind::NotStarted:
            return failure("plugin_failed",
                           who + "got no process: " + std::strerror(outcome.number));
        case Kind::Returned:
            break;
    }
    auto reply = sink.read(*status, descriptor_.id);
    sink.forget();
    return reply;
}

Result<QJsonObject> LoadedPlugin::call_backend(const PluginOperation& operation,
                                               const QJsonObject& request,
                                               const BackendLimits& limits,
                                               std::chrono::milliseconds silence) {
    const std::lock_guard lock(mutex_);
    const std::string who = "plugin " + name_.toStdString() + ": " + operation.name;
    if (hangs_)
        return failure("plugin_hangs", who + " was not called: it hung before",
                       "`botbottle cleanup` finds what it left");
    Sink& sink = Sink::make();
    const auto status = std::make_shared<botbottle_status>(BOTBOTTLE_FAILED);
    if (!thread_) thread_.emplace();
    const CrashNote note(who);
    const CallOutcome outcome = thread_->run(ready(operation, to_text(request), sink, status),
                                             host_side_->patience(silence, limits.after_interrupt));
    sink.close();
    if (auto judged = judge(operation.name, outcome, seconds_text(silence)); !judged)
        return tl::make_unexpected(judged.error());
    auto reply = sink.read(*status, descriptor_.id);
    sink.forget();
    return reply;
}

Result<QJsonObject> LoadedPlugin::call_text(const PluginOperation& operation,
                                            const QByteArray& request) {
    const std::lock_guard lock(mutex_);
    Sink& sink = Sink::make();
    const auto status = std::make_shared<botbottle_status>(BOTBOTTLE_FAILED);
    const auto work = ready(operation, request, sink, status);
    const bool computes = descriptor_.kind == PluginKind::Provider;
    auto called = computes ? contained(operation.name, work)
                           : judge(operation.name, call_contained(work), {});
    sink.close();
    if (!called) return tl::make_unexpected(called.error());
    auto reply = sink.read(*status, descriptor_.id);
    sink.forget();
    return reply;
}

}  // namespace botbottle
