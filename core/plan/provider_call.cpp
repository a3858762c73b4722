#include "plan/provider_call.h"

#include <QDir>
#include <QJsonArray>
#include <QRegularExpression>
#include <algorithm>
#include <cmath>
#include <cstring>

#include "manifest/names.h"
#include "manifest/reader.h"
#include "manifest/route_reader.h"
#include "manifest/text.h"
#include "plan/host_file.h"

namespace botbottle {
namespace {

using yaml::Value;

// docs/plugin-abi.md: at most the first 14 characters, never more than a quarter.
constexpr std::size_t kLongestPrefix = 14;
constexpr std::size_t kShownShare = 4;

QJsonObject shape_of(const char* value) {
    const std::size_t length = std::strlen(value);
    const std::size_t shown = std::min(kLongestPrefix, length / kShownShare);
    return {{QStringLiteral("prefix"), QString::fromLatin1(value, static_cast<qsizetype>(shown))},
            {QStringLiteral("length"), static_cast<qint64>(length)}};
}

// The files that the descriptor names and the settings ask for.
QJsonObject host_files(const PluginDescriptor& descriptor, const ProvisionInput& input,
                       const HostVariables& variables) {
    QJsonObject files;
    for (const HostFileSchema& schema : descriptor.host_files) {
        if (!input.settings.value(schema.setting).toBool()) continue;
        const QString path = host_file_path(schema, input.user_home, variables);
        QJsonObject file{{QStringLiteral("path"), path}};
        if (const auto content = read_host_file(path)) {
            file.insert(QStringLiteral("content"), QString::fromUtf8(*content));
        } else {
            file.insert(QStringLiteral("problem"), QString::fromStdString(content.error().message));
        }
        files.insert(schema.name, file);
    }
    return files;
}

// Where the relay listens for the supervise sidecar (bottles/session_environment.h).
const QString kMcpUrl = QStringLiteral("http://127.0.0.1:9100/mcp");

QJsonObject request_for(const ProviderPlugin& provider, const ProvisionInput& input,
                        const HostVariables& variables) {
    QJsonObject host_env;
    for (const QString& name : provider.descriptor().host_env) {
        const char* value = variables(name.toLatin1().constData());
        if (value != nullptr) host_env.insert(name, QString::fromLocal8Bit(value));
    }
    return {{QStringLiteral("settings"), input.settings},
            {QStringLiteral("guest"), guest_to_json(input.guest)},
            {QStringLiteral("state_dir"), input.state_directory},
            {QStringLiteral("host_env"), host_env},
            {QStringLiteral("secret_shapes"), input.secret_shapes},
            {QStringLiteral("host_files"), host_files(provider.descriptor(), input, variables)},
            {QStringLiteral("headless"), input.headless},
            {QStringLiteral("prompt"), input.prompt},
            {QStringLiteral("supervise"),
             input.supervise ? QJsonValue(QJsonObject{{QStringLiteral("url"), kMcpUrl}})
                             : QJsonValue()}};
}

// JSON as a tree of the manifest reader, so that a provider's routes pass the same code as a
// bottle's.
Value to_node(const QJsonValue& value) {
    Value node;
    switch (value.type()) {
        case QJsonValue::Bool:
            node.kind = Value::Kind::Bool;
            node.text = value.toBool() ? QStringLiteral("true") : QStringLiteral("false");
            break;
        case QJsonValue::Double: {
            const double number = value.toDouble();
            const bool whole = std::nearbyint(number) == number && std::abs(number) < 1e15;
            node.kind = whole ? Value::Kind::Integer : Value::Kind::Float;
            node.text =
                whole ? QString::number(static_cast<qint64>(number)) : QString::number(number);
            break;
        }
        case QJsonValue::String:
            node.kind = Value::Kind::String;
            node.text = value.toString();
            break;
        case QJsonValue::Array:
            node.kind = Value::Kind::Sequence;
            for (const auto& item : value.toArray())
                node.items.push_back(to_node(item));
            break;
        case QJsonValue::Object: {
            node.kind = Value::Kind::Mapping;
            const QJsonObject object = value.toObject();
            for (auto entry = object.begin(); entry != object.end(); ++entry) {
                node.members.push_back({entry.key(), 0, to_node(entry.value())});
            }
            break;
        }
        default:
            break;
    }
    return node;
}

class ReplyReader {
  public:
    ReplyReader(const ProviderPlugin& provider, const ProvisionInput& input,
                const HostVariables& variables, const QJsonObject& reply)
        : problems_(QStringLiteral("the plan of provider \"%1\"").arg(provider.descriptor().id)),
          root_(to_node(reply)),
          map_(root_, {}, problems_),
          allowed_variables_(named_variables(provider.descriptor(), input.settings)) {
        for (const HostFileSchema& schema : provider.descriptor().host_files) {
            if (input.settings.value(schema.setting).toBool())
                allowed_files_.insert(schema.name,
                                      host_file_path(schema, input.user_home, variables));
        }
        reply_.plan.id = provider.descriptor().id;
        reply_.plan.settings = input.settings;
        reply_.plan.secret_shapes = input.secret_shapes;
    }

    Result<ProviderReply> read() {
        const QString schema =
            map_.required_string(QStringLiteral("schema"), QStringLiteral("its schema"));
        if (!schema.isEmpty() && schema != QStringLiteral("botbottle.provider-plan/1")) {
            map_.problem(QStringLiteral("schema"), QStringLiteral("found %1, expected "
                                                                  "\"botbottle.provider-plan/1\"")
                                                       .arg(quoted(schema)));
        }
        read_command();
        read_env();
        read_directories();
        read_files();
        reply_.plan.pre_copy = read_commands(QStringLiteral("pre_copy"));
        reply_.plan.verify = read_commands(QStringLiteral("verify"));
        reply_.plan.skills_directory = read_path(map_, QStringLiteral("skills_directory"), false);
        read_conversation();
        read_secrets();
        read_provider_routes();
        map_.finish();
        if (!problems_.empty()) return problems_.error("bad_provider_plan");
        return std::move(reply_);
    }

  private:
    void read_command() {
        const QString key = QStringLiteral("command");
        reply_.plan.command = map_.required_string(key, QStringLiteral("the program to run"));
        if (reply_.plan.command.contains(u'/')) {
            map_.problem(key, QStringLiteral("found %1, expected a program's name without a path")
                                  .arg(quoted(reply_.plan.command)));
        }
    }

    void read_env() {
        const QString hidden_key = QStringLiteral("hidden_env");
        const QStringList hidden = map_.strings(hidden_key).value_or(QStringList());
        const QString key = QStringLiteral("env");
        const Value* env = map_.mapping(key);
        if (env == nullptr) return;
        for (const yaml::Member& member : env->members) {
            if (!is_variable_name(member.key)) {
                map_.problem(key,
                             QStringLiteral("%1 is not a variable name").arg(quoted(member.key)));
                continue;
            }
            const auto value = read_string(
                member.value, map_.path_of(key) + QLatin1Char('.') + member.key, problems_);
            PlannedEnv entry;
            entry.name = member.key;
            entry.source = PlannedEnv::Source::Provider;
            entry.value = value.value_or(QString());
            entry.hidden = hidden.contains(member.key);
            reply_.env += entry;
        }
        for (const QString& name : hidden) {
            if (env->find(name) == nullptr) {
                map_.problem(hidden_key, QStringLiteral("%1 is not in \"env\"").arg(quoted(name)));
            }
        }
    }

    // Absolute and without "." or "..": core may write it below a host directory. Empty: it is.
    static QString wrong_path(const QString& path) {
        if (path.startsWith(u'/') && QDir::cleanPath(path) == path && path.size() > 1) return {};
        return QStringLiteral(
                   "found %1, expected an absolute path without \".\", \"..\" or a slash "
                   "at its end")
            .arg(quoted(path));
    }

    QString read_path(MapReader& map, const QString& key, bool required) {
        QString path = required ? map.required_string(key, QStringLiteral("an absolute path"))
                                : map.string(key).value_or(QString());
        if (path.isEmpty()) return path;
        if (const QString wrong = wrong_path(path); !wrong.isEmpty()) map.problem(key, wrong);
        return path;
    }

    void read_conversation() {
        const QString key = QStringLiteral("conversation");
        for (const QString& path : map_.strings(key).value_or(QStringList())) {
            if (const QString wrong = wrong_path(path); !wrong.isEmpty()) map_.problem(key, wrong);
            reply_.plan.conversation += path;
        }
    }

    QString read_mode(MapReader& map) {
        static const QRegularExpression kForm(QStringLiteral("\\A0[0-7]{3}\\z"));
        const QString key = QStringLiteral("mode");
        QString mode = map.required_string(key, QStringLiteral("a file mode such as \"0600\""));
        if (!mode.isEmpty() && !kForm.match(mode).hasMatch()) {
            map.problem(
                key,
                QStringLiteral("found %1, expected a mode such as \"0600\"").arg(quoted(mode)));
        }
        return mode;
    }

    template <typename Read>
    void each(const QString& key, const Read& read) {
        const Value* list = map_.sequence(key);
        if (list == nullptr) return;
        for (std::size_t i = 0; i < list->items.size(); ++i) {
            read(list->items[i], QStringLiteral("%1[%2]").arg(key).arg(i));
        }
    }

    void read_directories() {
        each(QStringLiteral("directories"), [this](const Value& node, const QString& path) {
            MapReader map(node, path, problems_);
            const QString where = read_path(map, QStringLiteral("path"), true);
            reply_.plan.directories += PlannedDirectory{where, read_mode(map)};
            map.finish();
        });
    }

    void read_files() {
        each(QStringLiteral("files"), [this](const Value& node, const QString& path) {
            MapReader map(node, path, problems_);
            const QString where = read_path(map, QStringLiteral("path"), true);
            const QString mode = read_mode(map);
            const QString content_key = QStringLiteral("content");
            if (map.find(content_key) == nullptr)
                map.problem(content_key, QStringLiteral("missing"));
            const QString content = map.string(content_key).value_or(QString());
            reply_.plan.files += PlannedFile{where, mode, content};
            map.finish();
        });
    }

    QList<QStringList> read_commands(const QString& key) {
        QList<QStringList> commands;
        each(key, [&](const Value& node, const QString& path) {
            QStringList argv;
            for (const Value& word : node.items)
                argv += read_string(word, path, problems_).value_or(QString());
            if (argv.isEmpty()) problems_.add(0, path, QStringLiteral("expected a list of words"));
            commands += argv;
        });
        return commands;
    }

    SecretSource read_variable(MapReader& map) {
        const QString key = QStringLiteral("host_variable");
        const QString variable = map.required_string(key, QStringLiteral("a host variable's name"));
        if (!variable.isEmpty() && !allowed_variables_.contains(variable)) {
            map.problem(key, QStringLiteral("%1 is not named by a setting of the manifest")
                                 .arg(quoted(variable)));
        }
        return {variable, std::nullopt};
    }

    SecretSource read_file_source(MapReader& map) {
        const QString key = QStringLiteral("host_file");
        const QString name = map.required_string(key, QStringLiteral("a name of \"host_files\""));
        if (!allowed_files_.contains(name)) {
            map.problem(key, QStringLiteral("%1 is no file that the descriptor names and a setting "
                                            "asks for")
                                 .arg(quoted(name)));
        }
        CredentialFile file;
        file.path = allowed_files_.value(name);
        const QString pointer_key = QStringLiteral("pointer");
        file.pointer = map.required_string(pointer_key, QStringLiteral("a JSON pointer"));
        if (!file.pointer.startsWith(u'/'))
            map.problem(pointer_key, QStringLiteral("a JSON pointer begins with \"/\""));
        const QString expiry_key = QStringLiteral("expiry");
        const QString expiry = map.string(expiry_key).value_or(QString());
        if (!expiry.isEmpty() && expiry != QStringLiteral("jwt"))
            map.problem(expiry_key, QStringLiteral("the one expiry is \"jwt\""));
        file.jwt = !expiry.isEmpty();
        file.renew_command = map.required_string(QStringLiteral("renew"),
                                                 QStringLiteral("the host command that renews it"));
        return {QString(), file};
    }

    void read_secrets() {
        const QString key = QStringLiteral("secrets");
        const Value* secrets = map_.mapping(key);
        if (secrets == nullptr) return;
        for (const yaml::Member& member : secrets->members) {
            if (!is_manifest_name(member.key)) {
                map_.problem(
                    key,
                    QStringLiteral("%1 is not a name ([a-z][a-z0-9-]*)").arg(quoted(member.key)));
            }
            MapReader map(member.value, key + QLatin1Char('.') + member.key, problems_);
            const bool from_file = map.find(QStringLiteral("host_file")) != nullptr;
            const SecretSource source = from_file ? read_file_source(map) : read_variable(map);
            map.finish();
            reply_.secrets.insert(member.key, source);
        }
    }

    void read_provider_routes() {
        const QString key = QStringLiteral("routes");
        const Value* routes = map_.sequence(key);
        if (routes == nullptr) return;
        reply_.routes = read_routes(*routes, key, RouteWriter::Provider, problems_);
        for (const RouteManifest& route : reply_.routes) {
            if (!route.auth || reply_.secrets.contains(route.auth->token_ref)) continue;
            map_.problem(
                key, QStringLiteral("%1 is not in \"secrets\"").arg(quoted(route.auth->token_ref)));
        }
    }

    Problems problems_;
    Value root_;
    MapReader map_;
    QStringList allowed_variables_;
    QHash<QString, QString> allowed_files_;  // name → path
    ProviderReply reply_;
};

}  // namespace

QStringList named_variables(const PluginDescriptor& descriptor, const QJsonObject& settings) {
    QStringList names;
    for (const SettingSchema& schema : descriptor.settings) {
        if (schema.host_variable && settings.contains(schema.key)) {
            names += settings.value(schema.key).toString();
        }
    }
    return names;
}

QJsonObject secret_shapes(const PluginDescriptor& descriptor, const QJsonObject& settings,
                          const HostVariables& variables) {
    QJsonObject shapes;
    for (const QString& name : named_variables(descriptor, settings)) {
        const char* value = variables(name.toLatin1().constData());
        // Of one that is not set nothing is known; a launch does not come so far.
        shapes.insert(name, shape_of(value != nullptr ? value : ""));
    }
    return shapes;
}

Result<ProviderReply> ask_provider(const ProviderPlugin& provider, const ProvisionInput& input,
                                   const HostVariables& variables) {
    const auto reply = provider.provision(request_for(provider, input, variables));
    if (!reply) return tl::make_unexpected(reply.error());
    return ReplyReader(provider, input, variables, *reply).read();
}

}  // namespace botbottle
