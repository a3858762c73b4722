#include "conformance/checks.h"

#include <botbottle/plugin.h>
#include <malloc.h>
#include <unistd.h>

#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "conformance/elf_imports.h"
#include "conformance/process_state.h"
#include "manifest/text.h"
#include "plan/provider_call.h"
#include "plugins/loaded_plugin.h"
#include "plugins/plugin.h"
#include "plugins/sink.h"
#include "plugins/trusted_file.h"

namespace botbottle::conformance {
namespace {

constexpr int kDepth = 100'000;
constexpr int kRepeats = 200;
constexpr int kWarmUp = 20;
constexpr std::size_t kNoise =
    512;  // bytes a call that the allocators and our own records may cost

// What a provider has no use for, and no plugin may do to the process that it is a guest in.
const QStringList kNotForProviders = {
    "chdir",        "fchdir",        "umask",       "signal",        "sigaction", "setuid",
    "setresuid",    "setgid",        "socket",      "connect",       "bind",      "listen",
    "accept",       "accept4",       "getaddrinfo", "gethostbyname", "fork",      "vfork",
    "execve",       "execv",         "execvp",      "execl",         "execlp",    "posix_spawn",
    "posix_spawnp", "system",        "popen",       "kill",          "ptrace",    "dlopen",
    "dlmopen",      "pthread_create"};
const QStringList kNotForAnybody = {"exit",     "quick_exit", "setenv",   "putenv",
                                    "unsetenv", "clearenv",   "setlocale"};

class Checklist {
  public:
    explicit Checklist(const char* check) : check_(QString::fromLatin1(check)) {}

    void pass(const QString& message) { add(Level::Passed, message); }
    void warn(const QString& message) { add(Level::Warning, message); }
    void fail(const QString& message) { add(Level::Failed, message); }
    void fail(const Error& error) { fail(QString::fromStdString(error.message)); }

    // What was found; `good` when that was nothing bad.
    Findings take(const QString& good) {
        if (findings_.isEmpty()) pass(good);
        return findings_;
    }

  private:
    void add(Level level, const QString& message) {
        for (const Finding& known : findings_) {
            if (known.message == message) return;
        }
        findings_ += Finding{check_, level, message};
    }

    QString check_;
    Findings findings_;
};

Result<std::shared_ptr<LoadedPlugin>> load(const QString& path) {
    const QFileInfo info(path);
    const auto directory = open_trusted_directory(info.absolutePath().toStdString(), geteuid());
    if (!directory) return tl::make_unexpected(directory.error());
    auto file = open_trusted_file(*directory, QFile::encodeName(info.fileName()).toStdString(),
                                  path.toStdString(), geteuid());
    if (!file) return tl::make_unexpected(file.error());
    return LoadedPlugin::load(std::move(*file), path);
}

Result<std::shared_ptr<LoadedPlugin>> load_and_start(const QString& path) {
    static const PluginHost host;
    auto plugin = load(path);
    if (!plugin) return plugin;
    if (auto started = (*plugin)->start(host); !started)
        return tl::make_unexpected(started.error());
    return plugin;
}

std::vector<PluginOperation> operations_of(const LoadedPlugin& plugin) {
    if (const auto* t = plugin.backend()) {
        return {{"probe", t->probe},         {"prepare", t->prepare}, {"launch", t->launch},
                {"exec", t->exec},           {"attach", t->attach},   {"copy_in", t->copy_in},
                {"copy_out", t->copy_out},   {"stop", t->stop},       {"list", t->list},
                {"leftovers", t->leftovers}, {"remove", t->remove}};
    }
    std::vector<PluginOperation> list = {{"provision", plugin.provider()->provision},
                                         {"command_line", plugin.provider()->command_line}};
    if (plugin.provider_events() != nullptr)
        list.push_back({"normalise", plugin.provider_events()->normalise});
    return list;
}

// The state directory of the samples; the only place that a provider may write to.
QString state_directory() {
    return QDir::tempPath() + QStringLiteral("/botbottle-verify-state");
}

QJsonValue sample_value(const SettingSchema& schema) {
    switch (schema.type) {
        case SettingSchema::Type::Bool:
            return false;
        case SettingSchema::Type::Int:
            return 1;
        case SettingSchema::Type::StringList:
            return QJsonArray();
        case SettingSchema::Type::String:
            break;
    }
    return schema.host_variable ? QStringLiteral("BOTBOTTLE_VERIFY") : QStringLiteral("text");
}

QJsonObject sample_settings(const PluginDescriptor& descriptor, bool all) {
    QJsonObject settings;
    for (const SettingSchema& schema : descriptor.settings) {
        if (all || schema.required) settings.insert(schema.key, sample_value(schema));
    }
    return settings;
}

const char* sample_variable(const char* name) {
    return qstrcmp(name, "BOTBOTTLE_VERIFY") == 0
               ? "sample-0123456789abcdef0123456789abcdef0123456789abcdef"
               : nullptr;
}

QJsonObject good_request(const LoadedPlugin& plugin, const QString& operation) {
    const QString scratch = QDir::currentPath();
    if (plugin.descriptor().kind == PluginKind::Backend) {
        return {{QStringLiteral("identity"), QStringLiteral("verify-00000")},
                {QStringLiteral("state_dir"), scratch + QStringLiteral("/state")},
                {QStringLiteral("runtime_dir"), scratch + QStringLiteral("/run")},
                {QStringLiteral("runtime_root"), scratch},
                {QStringLiteral("state_root"), scratch},
                {QStringLiteral("known"), QJsonArray()},
                {QStringLiteral("items"), QJsonArray()},
                {QStringLiteral("libexec_dir"), QStringLiteral("/usr/libexec/botbottle")},
                {QStringLiteral("handle"), QJsonObject()}};
    }
    const QJsonObject settings = sample_settings(plugin.descriptor(), false);
    if (operation == QStringLiteral("provision")) {
        return {{QStringLiteral("settings"), settings},
                {QStringLiteral("guest"), guest_to_json({})},
                {QStringLiteral("state_dir"), state_directory()},
                {QStringLiteral("host_env"), QJsonObject()},
                {QStringLiteral("host_files"), QJsonObject()},
                {QStringLiteral("secret_shapes"),
                 secret_shapes(plugin.descriptor(), settings, sample_variable)},
                {QStringLiteral("headless"), false},
                {QStringLiteral("prompt"), QStringLiteral("be brief")},
                {QStringLiteral("supervise"), QJsonValue()}};
    }
    return {{QStringLiteral("settings"), settings},
            {QStringLiteral("guest"), guest_to_json({})},
            {QStringLiteral("prompt_file"), QJsonValue()},
            {QStringLiteral("resume"), false},
            {QStringLiteral("headless_prompt"), QStringLiteral("hello")},
            {QStringLiteral("arguments"), QJsonArray()}};
}

// What no answer may be, whatever the request was.
void judge_answer(const QString& operation, const Result<QJsonObject>& answer, Checklist& list) {
    if (answer) return;
    const Error& error = answer.error();
    const bool broken = error.code == "bad_reply" || error.code == "plugin_threw" ||
                        error.code == "plugin_hangs" || error.code == "plugin_crashed" ||
                        error.message.find("without saying why") != std::string::npos;
    if (broken) list.fail(operation + QStringLiteral(": ") + QString::fromStdString(error.message));
}

void check_provider(const std::shared_ptr<LoadedPlugin>& loaded, Checklist& list) {
    const ProviderPlugin provider(loaded);
    bool accepted = false;
    QString refusal;
    for (const bool all : {false, true}) {
        const QJsonObject settings = sample_settings(provider.descriptor(), all);
        auto shapes = secret_shapes(provider.descriptor(), settings, sample_variable);
        const auto reply = ask_provider(
            provider, {settings, shapes, {}, state_directory(), false, {}, {}}, sample_variable);
        if (reply) accepted = true;
        if (!reply && reply.error().code == "bad_provider_plan") list.fail(reply.error());
        if (!reply) refusal = QString::fromStdString(reply.error().message);
    }
    if (!accepted)
        list.warn(QStringLiteral("provision: no sample of settings was accepted: %1").arg(refusal));
    QJsonObject request = good_request(*loaded, QStringLiteral("command_line"));
    for (const bool resume : {false, true}) {
        for (const bool headless : {false, true}) {
            request[QStringLiteral("resume")] = resume;
            request[QStringLiteral("headless_prompt")] =
                headless ? QJsonValue(QStringLiteral("hello")) : QJsonValue();
            const auto reply = provider.command_line(request);
            judge_answer(QStringLiteral("command_line"), reply, list);
            if (!reply) {
                list.warn(QStringLiteral("command_line: refused: %1")
                              .arg(QString::fromStdString(reply.error().message)));
                continue;
            }
            const QJsonArray argv = reply->value(QStringLiteral("argv")).toArray();
            bool words = !argv.isEmpty();
            for (const auto& word : argv)
                words = words && word.isString();
            if (!words)
                list.fail(QStringLiteral("command_line: \"argv\" is not a list of strings"));
        }
    }
}

void check_backend(const std::shared_ptr<LoadedPlugin>& loaded, Checklist& list) {
    const BackendPlugin backend(loaded);
    const auto ask = [&](const char* name, auto operation, const char* member,
                         QJsonValue::Type type) {
        const auto reply = (backend.*operation)(good_request(*loaded, QString::fromLatin1(name)));
        judge_answer(QString::fromLatin1(name), reply, list);
        if (!reply)
            list.fail(QStringLiteral("%1: %2").arg(QString::fromLatin1(name),
                                                   QString::fromStdString(reply.error().message)));
        else if (reply->value(QLatin1String(member)).type() != type)
            list.fail(QStringLiteral("%1: \"%2\" is missing or of another type")
                          .arg(QString::fromLatin1(name), QString::fromLatin1(member)));
    };
    ask("probe", &BackendPlugin::probe, "usable", QJsonValue::Bool);
    ask("probe", &BackendPlugin::probe, "checks", QJsonValue::Array);
    ask("probe", &BackendPlugin::probe, "limits", QJsonValue::Object);
    ask("list", &BackendPlugin::list, "bottles", QJsonValue::Array);
    ask("leftovers", &BackendPlugin::leftovers, "items", QJsonValue::Array);
}

std::vector<QByteArray> malformed_requests() {
    return {"",
            "{",
            "null",
            "[]",
            "\"text\"",
            "7",
            "{\"a\": }",
            "\xff\xfe\x00",
            "{} {}",
            QByteArray(kDepth, '['),
            QByteArray("{\"settings\": \"") + QByteArray(100, '\\')};
}

// One member wrong at a time, and members that nobody expects.
std::vector<QByteArray> wrong_requests(const QJsonObject& good) {
    std::vector<QByteArray> requests = {"{}"};
    const auto add = [&requests](const QJsonObject& object) {
        requests.push_back(QJsonDocument(object).toJson(QJsonDocument::Compact));
    };
    for (const QString& key : good.keys()) {
        QJsonObject without = good;
        without.remove(key);
        add(without);
        for (const QJsonValue& wrong :
             {QJsonValue(QJsonValue::Null), QJsonValue(-1e300), QJsonValue(QString(u'\0')),
              QJsonValue(QStringLiteral("../../x")), QJsonValue(QJsonArray{QJsonArray()}),
              QJsonValue(QJsonObject())}) {
            QJsonObject changed = good;
            changed[key] = wrong;
            add(changed);
        }
    }
    QJsonObject large = good;
    large[QStringLiteral("unexpected")] = QString(1 << 20, u'x');
    add(large);
    QByteArray deep = "{\"unexpected\": ";
    deep += QByteArray(kDepth, '[') + QByteArray(kDepth, ']') + '}';
    requests.push_back(deep);
    return requests;
}

botbottle_status nothing(void*, const char*, std::size_t, const botbottle_sink* sink) {
    sink->write(sink->context, "{}", 2);
    return BOTBOTTLE_OK;
}

std::size_t growth(LoadedPlugin& plugin, const PluginOperation& operation,
                   const QByteArray& request) {
    for (int i = 0; i < kWarmUp; ++i)
        (void)plugin.call_text(operation, request);
    const std::size_t before = mallinfo2().uordblks;
    for (int i = 0; i < kRepeats; ++i)
        (void)plugin.call_text(operation, request);
    const std::size_t after = mallinfo2().uordblks;
    return after > before ? (after - before) / kRepeats : 0;
}

}  // namespace

Findings check_file(const QString& path) {
    Checklist list("file");
    const QFileInfo info(path);
    const auto directory = open_trusted_directory(info.absolutePath().toStdString(), geteuid());
    if (!directory) list.fail(directory.error());
    if (directory) {
        const auto file =
            open_trusted_file(*directory, QFile::encodeName(info.fileName()).toStdString(),
                              path.toStdString(), geteuid());
        if (!file) list.fail(file.error());
    }
    const bool provider = info.fileName().startsWith(QStringLiteral("provider-"));
    if ((!provider && !info.fileName().startsWith(QStringLiteral("backend-"))) ||
        info.suffix() != QStringLiteral("so"))
        list.fail(QStringLiteral("it is not called provider-<id>.so or backend-<id>.so"));
    QFile file(path);
    if (file.open(QIODevice::ReadOnly)) {
        const auto imports = elf_imports(file.readAll());
        if (!imports) list.fail(imports.error());
        for (const QString& name : imports.value_or(QStringList())) {
            const bool forbidden =
                kNotForAnybody.contains(name) || (provider && kNotForProviders.contains(name));
            if (forbidden)
                list.fail(QStringLiteral("it uses %1, which a %2 must not")
                              .arg(name, provider ? QStringLiteral("provider")
                                                  : QStringLiteral("plugin")));
        }
    }
    return list.take(
        QStringLiteral("only you or root can write it; it asks for nothing forbidden"));
}

Findings check_load(const QString& path) {
    Checklist list("load");
    const ProcessState before = ProcessState::now();
    const auto first = load(path);
    if (!first) list.fail(first.error());
    if (!first) return list.take({});
    const auto second = load(path);
    if (!second || (*second)->descriptor().document != (*first)->descriptor().document)
        list.fail(QStringLiteral("it describes itself differently the second time"));
    ProcessState after = ProcessState::now();
    after.descriptors -= 2;  // the library itself, twice
    for (const QString& change : before.changes(after))
        list.fail(QStringLiteral("loading it has side effects: %1").arg(change));
    const PluginDescriptor& descriptor = (*first)->descriptor();
    const QString name = to_string(descriptor.kind) + u'-' + descriptor.id + QStringLiteral(".so");
    if (QFileInfo(path).fileName() != name)
        list.fail(QStringLiteral("its descriptor wants it to be called %1").arg(name));
    return list.take(QStringLiteral("%1 %2 %3")
                         .arg(to_string(descriptor.kind), descriptor.id, descriptor.version));
}

Findings check_instance(const QString& path) {
    Checklist list("instance");
    auto plugin = load_and_start(path);
    if (!plugin) {
        list.fail(plugin.error());
        return list.take({});
    }
    const QStringList promised = (*plugin)->descriptor().extensions;
    for (const QString& id : promised) {
        if (!(*plugin)->has_extension(id.toLatin1().constData()))
            list.fail(QStringLiteral("it promises %1 and does not have it").arg(id));
    }
    for (const char* id : {BOTBOTTLE_EXTENSION_PROVIDER, BOTBOTTLE_EXTENSION_BACKEND,
                           BOTBOTTLE_EXTENSION_PROVIDER_EVENTS}) {
        if (!promised.contains(QLatin1String(id)) && (*plugin)->has_extension(id))
            list.warn(QStringLiteral("it has %1 and does not say so").arg(QLatin1String(id)));
    }
    if ((*plugin)->has_extension("botbottle.no-such-extension/1"))
        list.fail(QStringLiteral("it has every extension that it is asked for"));
    if (auto other = load_and_start(path); !other) list.fail(other.error());
    plugin->reset();
    if (auto again = load_and_start(path); !again) list.fail(again.error());
    return list.take(QStringLiteral("instances come, keep what they promise, and go"));
}

Findings check_operations(const QString& path) {
    Checklist list("operations");
    const auto plugin = load_and_start(path);
    if (!plugin) return {};  // told by "instance"
    QDir().mkpath(state_directory());
    const ProcessState before = ProcessState::now();
    const bool provider = (*plugin)->descriptor().kind == PluginKind::Provider;
    if (provider)
        check_provider(*plugin, list);
    else
        check_backend(*plugin, list);
    // A launch asks a provider in a child process; what it changes shows in this one only.
    for (const PluginOperation& operation : operations_of(**plugin)) {
        if (!provider) break;
        const QString name = QLatin1String(operation.name);
        const QByteArray good =
            QJsonDocument(good_request(**plugin, name)).toJson(QJsonDocument::Compact);
        judge_answer(name, (*plugin)->call_text(operation, good), list);
    }
    ProcessState after = ProcessState::now();
    if (!provider) --after.threads;  // the host's own, for a backend's operations
    for (const QString& change : before.changes(after))
        list.fail(change);
    return list.take(QStringLiteral("good requests get good replies"));
}

Findings check_hostile(const QString& path) {
    Checklist list("hostile");
    const auto plugin = load_and_start(path);
    if (!plugin) return {};
    for (const PluginOperation& operation : operations_of(**plugin)) {
        const QString name = QLatin1String(operation.name);
        for (const QByteArray& request : malformed_requests()) {
            const auto answer = (*plugin)->call_text(operation, request);
            judge_answer(name, answer, list);
            if (answer) list.warn(name + QStringLiteral(": takes what is no JSON object"));
        }
        for (const QByteArray& request : wrong_requests(good_request(**plugin, name)))
            judge_answer(name, (*plugin)->call_text(operation, request), list);
    }
    return list.take(QStringLiteral("wrong requests get errors that say why"));
}

Findings check_leaks(const QString& path) {
    Checklist list("leaks");
    const auto plugin = load_and_start(path);
    if (!plugin) return {};
    const PluginOperation operation = (*plugin)->descriptor().kind == PluginKind::Provider
                                          ? operations_of(**plugin)[1]
                                          : PluginOperation{"list", (*plugin)->backend()->list};
    const QString name = QLatin1String(operation.name);
    const QByteArray good =
        QJsonDocument(good_request(**plugin, name)).toJson(QJsonDocument::Compact);
    const ProcessState before = ProcessState::now();
    const std::size_t own = growth(**plugin, {"nothing", &nothing}, good);
    for (const QByteArray& request : {good, QByteArray("[]")}) {
        const std::size_t taken = growth(**plugin, operation, request);
        if (taken > own + kNoise)
            list.fail(QStringLiteral("%1 keeps about %2 bytes of memory a call")
                          .arg(name)
                          .arg(taken - own));
    }
    std::thread elsewhere([&] { judge_answer(name, (*plugin)->call_text(operation, good), list); });
    elsewhere.join();
    for (const QString& change : before.changes(ProcessState::now()))
        list.fail(change);
    if (Sink::late_writes() > 0)
        list.fail(QStringLiteral("it writes into a sink after its call has returned"));
    return list.take(QStringLiteral("%1 calls leave nothing behind").arg(kRepeats));
}

}  // namespace botbottle::conformance
