#include "manifest/settings.h"

#include <QFileInfo>
#include <QJsonArray>
#include <QUrl>

#include "base/host.h"
#include "base/idna.h"
#include "manifest/frontmatter.h"
#include "manifest/manifest_file.h"
#include "manifest/names.h"
#include "manifest/not_enforced.h"
#include "manifest/reader.h"
#include "manifest/text.h"

namespace botbottle {
namespace {

using yaml::Value;

constexpr int kMostDays = 36500;

// "egress.upstream_proxy" → "BOT_BOTTLE_EGRESS_UPSTREAM_PROXY".
QString variable_of(const QString& key) {
    return QStringLiteral("BOT_BOTTLE_") + QString(key).replace(u'.', u'_').toUpper();
}

// The rules of each value, whoever wrote it. The message says what was found and what is allowed.
using Reason = tl::unexpected<QString>;
template <typename T>
using Checked = tl::expected<T, QString>;

Checked<QString> check_id(const QString& text, const QString& what) {
    if (is_manifest_name(text)) return text;
    return Reason(QStringLiteral("found %1, expected %2").arg(quoted(text), what));
}

Checked<QString> check_backend(const QString& text) {
    return check_id(text, QStringLiteral("\"auto\" or the id of a backend plugin"));
}

Checked<QString> check_certificate_path(const QString& text) {
    if (text.startsWith(u'/')) return text;
    return Reason(
        QStringLiteral("found %1, expected an absolute path of a PEM file").arg(quoted(text)));
}

Checked<QString> check_rules_path(const QString& text) {
    if (text.startsWith(u'/')) return text;
    return Reason(QStringLiteral("found %1, expected an absolute path of a file with rules")
                      .arg(quoted(text)));
}

// What was written instead of a name may be the value, and is not repeated.
Checked<QStringList> check_variable_names(const QStringList& names) {
    for (qsizetype at = 0; at < names.size(); ++at) {
        if (!is_variable_name(names[at]))
            return Reason(QStringLiteral("entry %1 is no name of a host variable: name the "
                                         "variables that hold the values, never the values")
                              .arg(at + 1));
    }
    return names;
}

Checked<UpstreamProxy> check_proxy_url(const QString& text) {
    const QUrl url(text, QUrl::StrictMode);
    // A password in a file or a variable stays there for ever: it is never repeated, and refused.
    if (url.isValid() && !url.password().isEmpty()) {
        return Reason(
            QStringLiteral("the URL holds a password: give a mapping with \"url\", "
                           "\"username\" and \"password_ref\" (a host variable's name)"));
    }
    const bool plain = url.isValid() && url.scheme() == QStringLiteral("http") &&
                       (url.path().isEmpty() || url.path() == QStringLiteral("/")) &&
                       !url.hasQuery() && !url.hasFragment();
    const int port = url.port(-1);
    if (!plain || port < 1) {
        return Reason(QStringLiteral("found %1, expected http://HOST:PORT").arg(quoted(text)));
    }
    QString name = url.host(QUrl::FullyEncoded);
    if (name.contains(u':')) name = QLatin1Char('[') + name + QLatin1Char(']');
    const auto host = host_from_unicode(name.toStdString());
    if (!host) {
        return Reason(QStringLiteral("found %1: %2")
                          .arg(quoted(text), QString::fromStdString(host.error().message)));
    }
    return UpstreamProxy{QString::fromStdString(host->text()), port, url.userName(), {}};
}

// Of the variable; the file's number has a type of its own.
Checked<int> check_days(const QString& text) {
    if (const char* why = not_enforced("audit.retention_days"))
        return Reason(QString::fromUtf8(why));
    bool is_number = false;
    const int days = text.toInt(&is_number);
    if (is_number && days >= 1 && days <= kMostDays) return days;
    return Reason(QStringLiteral("found %1, expected an integer from 1 to %2")
                      .arg(quoted(text))
                      .arg(kMostDays));
}

Checked<QStringList> check_ids(const QStringList& ids) {
    for (const QString& id : ids) {
        if (auto checked = check_id(id, QStringLiteral("the id of a plugin")); !checked) {
            return Reason(checked.error());
        }
    }
    return ids;
}

class SettingsReader {
  public:
    explicit SettingsReader(Problems& problems) : problems_(problems) {}

    void read_file(const Value& root) {
        MapReader map(root, {}, problems_);
        const auto own = [&](MapReader& section, const char* key, auto read) {
            const QString name = QString::fromLatin1(key);
            if (const Value* node = section.mapping(name)) {
                MapReader inner(*node, section.path_of(name), problems_);
                read(inner);
                inner.finish();
            }
        };
        take(map, QStringLiteral("backend"), settings_.backend, check_backend);
        own(map, "egress", [this](MapReader& egress) {
            read_proxy(egress);
            take(egress, QStringLiteral("upstream_ca"), settings_.upstream_ca,
                 check_certificate_path);
            take(egress, QStringLiteral("scan_rules"), settings_.scan_rules, check_rules_path);
            const QString canaries = QStringLiteral("canaries");
            if (const auto names = egress.strings(canaries))
                accept(egress, canaries, settings_.canaries, check_variable_names(*names));
        });
        own(map, "plugins", [this](MapReader& plugins) {
            const QString key = QStringLiteral("allow");
            if (const auto ids = plugins.strings(key)) {
                accept(plugins, key, settings_.plugins_allow, check_ids(*ids));
            }
        });
        own(map, "audit", [this](MapReader& audit) {
            const QString key = QStringLiteral("retention_days");
            const auto days = audit.integer(key, 1, kMostDays);
            if (!days) return;
            accept(audit, key, settings_.audit_retention_days,
                   Checked<int>(static_cast<int>(*days)));
            audit.need_enforced(key, "audit.retention_days");
        });
        map.finish();
    }

    void read_variables(const HostVariables& variables) {
        override_with(variables, QStringLiteral("backend"), settings_.backend, check_backend);
        override_with(variables, QStringLiteral("egress.upstream_proxy"), settings_.upstream_proxy,
                      check_proxy_url);
        override_with(variables, QStringLiteral("egress.upstream_ca"), settings_.upstream_ca,
                      check_certificate_path);
        override_with(variables, QStringLiteral("egress.scan_rules"), settings_.scan_rules,
                      check_rules_path);
        override_with(variables, QStringLiteral("egress.canaries"), settings_.canaries,
                      [](const QString& text) {
                          return check_variable_names(text.split(u',', Qt::SkipEmptyParts));
                      });
        override_with(variables, QStringLiteral("audit.retention_days"),
                      settings_.audit_retention_days, check_days);
        override_with(
            variables, QStringLiteral("plugins.allow"), settings_.plugins_allow,
            [](const QString& text) { return check_ids(text.split(u',', Qt::SkipEmptyParts)); });
    }

    void read_flags(const SettingFlags& flags) {
        if (!flags.backend) return;
        const QString flag = QStringLiteral("--backend");
        if (const auto checked = check_backend(*flags.backend)) {
            settings_.backend = {*checked, SettingOrigin::Flag, flag};
        } else {
            flag_problems_.add(0, flag, checked.error());
        }
    }

    bool flags_valid() const { return flag_problems_.empty(); }
    tl::unexpected<Error> flags_error() const { return flag_problems_.error("settings_invalid"); }
    Settings take_settings() { return std::move(settings_); }

    static Settings defaults() {
        Settings settings;
        settings.backend.value = QStringLiteral("auto");
        for (QString* source :
             {&settings.backend.source, &settings.upstream_proxy.source,
              &settings.upstream_ca.source, &settings.scan_rules.source, &settings.canaries.source,
              &settings.audit_retention_days.source, &settings.plugins_allow.source}) {
            *source = QStringLiteral("default");
        }
        return settings;
    }

  private:
    template <typename T, typename U>
    void accept(MapReader& map, const QString& key, Setting<T>& setting,
                const Checked<U>& checked) {
        if (!checked) {
            map.problem(key, checked.error());
            return;
        }
        setting = {*checked, SettingOrigin::File,
                   QStringLiteral("%1:%2").arg(problems_.file()).arg(map.line_of(key))};
    }

    template <typename T, typename Check>
    void take(MapReader& map, const QString& key, Setting<T>& setting, Check check) {
        if (const auto text = map.string(key)) accept(map, key, setting, check(*text));
    }

    // A URL, or {url, username, password_ref}.
    void read_proxy(MapReader& egress) {
        const QString key = QStringLiteral("upstream_proxy");
        const Value* node = egress.find(key);
        if (node == nullptr) return;
        if (node->kind != Value::Kind::Mapping) {
            take(egress, key, settings_.upstream_proxy, check_proxy_url);
            return;
        }
        MapReader map(*node, egress.path_of(key), problems_);
        const QString url =
            map.required_string(QStringLiteral("url"), QStringLiteral("http://HOST:PORT"));
        const QString username_key = QStringLiteral("username");
        const QString password_key = QStringLiteral("password_ref");
        const auto username = map.string(username_key);
        const auto password_ref = map.string(password_key);
        map.finish();
        auto proxy = check_proxy_url(url);
        if (!proxy) {
            if (!url.isEmpty()) map.problem(QStringLiteral("url"), proxy.error());
            return;
        }
        if (!proxy->username.isEmpty() && username) {
            map.problem(username_key, QStringLiteral("the URL has a user name already: keep one"));
        }
        if (username) proxy->username = *username;
        proxy->password_ref = password_ref.value_or(QString());
        if (proxy->username.contains(u':') || !is_one_line(proxy->username)) {
            map.problem(username_key, QStringLiteral("a user name holds no colon and no control "
                                                     "character (RFC 7617)"));
        }
        if (password_ref && !is_variable_name(*password_ref)) {
            map.problem(password_key,
                        QStringLiteral("not the name of an environment variable; write "
                                       "the variable's name, never the password itself"));
        }
        if (proxy->username.isEmpty() != proxy->password_ref.isEmpty()) {
            map.problem(password_key,
                        QStringLiteral("\"username\" and \"password_ref\" go together"));
        }
        accept(egress, key, settings_.upstream_proxy, proxy);
    }

    template <typename T, typename Check>
    void override_with(const HostVariables& variables, const QString& key, Setting<T>& setting,
                       Check check) {
        const QString name = variable_of(key);
        const char* text = variables(name.toLatin1().constData());
        if (text == nullptr || *text == '\0') return;
        const auto checked = check(QString::fromLocal8Bit(text));
        if (checked) {
            setting = {*checked, SettingOrigin::Variable, name};
        } else {
            flag_problems_.add(0, name, checked.error());
        }
    }

    Problems& problems_;
    Problems flag_problems_{QStringLiteral("command line and environment")};
    Settings settings_ = defaults();
};

QString to_string(SettingOrigin origin) {
    switch (origin) {
        case SettingOrigin::Default:
            return QStringLiteral("default");
        case SettingOrigin::File:
            return QStringLiteral("file");
        case SettingOrigin::Variable:
            return QStringLiteral("variable");
        case SettingOrigin::Flag:
            return QStringLiteral("flag");
    }
    return {};
}

template <typename T>
QJsonObject entry(const Setting<T>& setting, const QJsonValue& value) {
    return {{QStringLiteral("value"), value},
            {QStringLiteral("origin"), to_string(setting.origin)},
            {QStringLiteral("source"), setting.source}};
}

QJsonValue proxy_to_json(const std::optional<UpstreamProxy>& proxy) {
    if (!proxy) return QJsonValue::Null;
    QJsonObject object{
        {QStringLiteral("url"), QStringLiteral("http://%1:%2").arg(proxy->host).arg(proxy->port)}};
    if (!proxy->username.isEmpty()) {
        object.insert(QStringLiteral("username"), proxy->username);
        object.insert(QStringLiteral("password_ref"), proxy->password_ref);
    }
    return object;
}

}  // namespace

Result<Settings> load_settings(const QString& home, const SettingFlags& flags,
                               const HostVariables& variables) {
    const QString path = home + QStringLiteral("/settings.yaml");
    Problems problems(path);
    SettingsReader reader(problems);
    if (QFileInfo::exists(path) || QFileInfo(path).isSymLink()) {
        const auto text = read_home_file(path);
        if (!text) {
            return failure("settings_invalid", text.error().message, text.error().hint);
        }
        if (!check_utf8(*text, problems)) return problems.error("settings_invalid");
        const auto root = yaml::parse(*text, 1, problems);
        if (root) reader.read_file(*root);
        if (!problems.empty()) return problems.error("settings_invalid");
    }
    reader.read_variables(variables);
    reader.read_flags(flags);
    if (!reader.flags_valid()) return reader.flags_error();
    return reader.take_settings();
}

QJsonObject settings_to_json(const Settings& settings) {
    const auto& allow = settings.plugins_allow.value;
    return {
        {QStringLiteral("backend"), entry(settings.backend, settings.backend.value)},
        {QStringLiteral("egress.upstream_proxy"),
         entry(settings.upstream_proxy, proxy_to_json(settings.upstream_proxy.value))},
        {QStringLiteral("egress.upstream_ca"),
         entry(settings.upstream_ca, settings.upstream_ca.value.isEmpty()
                                         ? QJsonValue(QJsonValue::Null)
                                         : QJsonValue(settings.upstream_ca.value))},
        {QStringLiteral("egress.scan_rules"),
         entry(settings.scan_rules, settings.scan_rules.value.isEmpty()
                                        ? QJsonValue(QJsonValue::Null)
                                        : QJsonValue(settings.scan_rules.value))},
        {QStringLiteral("egress.canaries"),
         entry(settings.canaries, QJsonArray::fromStringList(settings.canaries.value))},
        {QStringLiteral("audit.retention_days"),
         entry(settings.audit_retention_days, settings.audit_retention_days.value
                                                  ? QJsonValue(*settings.audit_retention_days.value)
                                                  : QJsonValue(QJsonValue::Null))},
        {QStringLiteral("plugins.allow"),
         entry(settings.plugins_allow, allow ? QJsonValue(QJsonArray::fromStringList(*allow))
                                             : QJsonValue(QJsonValue::Null))},
    };
}

}  // namespace botbottle
