// botbottle init: a first bottle and agent, by asking. Nothing is written before every answer is
// there and the two files have been read as a launch would read them; no file is ever replaced.
#include <QFileInfo>
#include <QJsonObject>

#include "base/idna.h"
#include "cli/commands.h"
#include "cli/messages.h"
#include "cli/output.h"
#include "files/atomic_file.h"
#include "files/private_directory.h"
#include "manifest/names.h"
#include "manifest/text.h"
#include "manifest/yaml_writer.h"
#include "plan/provider_settings.h"

namespace botbottle::cli {
namespace {

const QString kInstead = QStringLiteral(
    "write the files by hand: a bottle as bottles/NAME.md, an agent as agents/NAME.md");

QString anything(const QString& text) {
    return is_one_line(text) ? QString() : QStringLiteral("one line without control characters");
}

QStringList words_of(const QString& text) {
    return QString(text).replace(u',', u' ').split(u' ', Qt::SkipEmptyParts);
}

QString refused_host(const QString& text) {
    for (const QString& word : words_of(text)) {
        if (auto host = host_from_unicode(word.toStdString()); !host)
            return QStringLiteral("%1: %2").arg(quoted(word),
                                                QString::fromStdString(host.error().message));
    }
    return {};
}

class Questions {
  public:
    Questions(Context& context, const PluginDescriptor& provider)
        : context_(context), provider_(provider), store_(context.manifests()) {}

    Result<void> ask() {
        for (const auto step : {&Questions::ask_agent, &Questions::ask_bottle}) {
            if (auto done = (this->*step)(); !done) return done;
        }
        if (bottle_exists_) return {};
        for (const auto step :
             {&Questions::ask_provider, &Questions::ask_hosts, &Questions::ask_identity}) {
            if (auto done = (this->*step)(); !done) return done;
        }
        return {};
    }

    // Checked as `start` would, then written.
    Result<void> write() const {
        if (!bottle_exists_) {
            const QString text = QStringLiteral("---\n%1---\nThe bottle of %2.\n")
                                     .arg(yaml::write(bottle_), agent_name_);
            auto bottle = store_.draft_of_bottle(bottle_name_, text.toStdString());
            if (!bottle) return tl::make_unexpected(bottle.error());
            if (auto settings = check_provider_settings(bottle->provider, provider_); !settings)
                return tl::make_unexpected(settings.error());
            if (auto written = put("bottles", bottle_name_, text); !written) return written;
        }
        const QString text =
            QStringLiteral("---\nbottle: %1\n---\n%2\n").arg(bottle_name_, prompt_);
        if (auto agent = store_.draft_of_agent(agent_name_, text.toStdString()); !agent)
            return tl::make_unexpected(agent.error());
        return put("agents", agent_name_, text);
    }

    const QString& agent_name() const { return agent_name_; }
    const QStringList& unset_variables() const { return unset_; }

  private:
    Result<void> answer(QString& into, const QString& question, const QString& fallback,
                        const std::function<QString(const QString&)>& refusal) {
        auto text = context_.ask().text(question, fallback, refusal, kInstead);
        if (!text) return tl::make_unexpected(text.error());
        into = *text;
        return {};
    }

    Result<void> ask_agent() {
        const auto refusal = [this](const QString& name) {
            if (!is_manifest_name(name)) return QStringLiteral("a name is [a-z][a-z0-9-]*");
            return store_.agent_file(name).isEmpty()
                       ? QString()
                       : QStringLiteral(
                             "there is an agent %1 already; `botbottle edit %1` changes it")
                             .arg(name);
        };
        if (auto done = answer(agent_name_, QStringLiteral("the agent's name"),
                               QStringLiteral("coder"), refusal);
            !done)
            return done;
        return answer(prompt_, QStringLiteral("what it is for, in a line"),
                      QStringLiteral("You are a careful software engineer."), anything);
    }

    Result<void> ask_bottle() {
        const QStringList known = store_.bottle_names();
        const QString question =
            known.isEmpty()
                ? QStringLiteral("its bottle's name")
                : QStringLiteral("its bottle's name (there are: %1)").arg(known.join(u' '));
        auto done = answer(bottle_name_, question, QStringLiteral("dev"), [](const QString& name) {
            return is_manifest_name(name) ? QString() : QStringLiteral("a name is [a-z][a-z0-9-]*");
        });
        bottle_exists_ = known.contains(bottle_name_);
        return done;
    }

    Result<void> ask_provider() {
        yaml::Value section;
        set_member(section, QStringLiteral("template"), yaml::string_value(provider_.id));
        QJsonObject given;
        for (const SettingSchema& setting : provider_.settings) {
            if (!excluded_by(provider_, given, setting.key).isEmpty()) continue;
            if (auto done = ask_setting(setting, section); !done) return done;
            if (section.find(setting.key) != nullptr) given.insert(setting.key, true);
        }
        set_member(bottle_, QStringLiteral("agent_provider"), section);
        return {};
    }

    Result<void> ask_setting(const SettingSchema& setting, yaml::Value& section) {
        switch (setting.type) {
            case SettingSchema::Type::String:
                return ask_named(setting, section);
            case SettingSchema::Type::Bool:
                return ask_switch(setting, section);
            case SettingSchema::Type::StringList:
                return ask_list(setting, section);
            case SettingSchema::Type::Int:
                break;
        }
        return ask_number(setting, section);
    }

    Result<void> ask_switch(const SettingSchema& setting, yaml::Value& section) {
        auto agreed = context_.ask().confirm(setting.summary + QLatin1Char('?'), kInstead);
        if (!agreed) return tl::make_unexpected(agreed.error());
        if (!*agreed) return {};
        set_member(section, setting.key, scalar(yaml::Value::Kind::Bool, QStringLiteral("true")));
        return {};
    }

    Result<void> ask_number(const SettingSchema& setting, yaml::Value& section) {
        const auto refusal = [&setting](const QString& text) {
            bool number = false;
            (void)text.toLongLong(&number);
            return number || (text.isEmpty() && !setting.required)
                       ? QString()
                       : QStringLiteral("a whole number is needed");
        };
        QString text;
        if (auto done = answer(text, optional_question(setting), {}, refusal); !done) return done;
        if (!text.isEmpty())
            set_member(section, setting.key,
                       scalar(yaml::Value::Kind::Integer, QString::number(text.toLongLong())));
        return {};
    }

    // One by one: an item may hold blanks and commas.
    Result<void> ask_list(const SettingSchema& setting, yaml::Value& section) {
        std::vector<yaml::Value> items;
        for (;;) {
            const bool needed = setting.required && items.empty();
            const auto refusal = [needed](const QString& text) {
                return text.isEmpty() && needed ? QStringLiteral("this one is needed")
                                                : anything(text);
            };
            const QString question =
                items.empty() ? QStringLiteral("%1, one at a time%2")
                                    .arg(setting.summary,
                                         needed ? QString() : QStringLiteral(" (empty: none)"))
                              : QStringLiteral("the next one (empty: no more)");
            QString text;
            if (auto done = answer(text, question, {}, refusal); !done) return done;
            if (text.isEmpty()) break;
            items.push_back(yaml::string_value(text));
        }
        if (!items.empty()) set_member(section, setting.key, sequence_of(std::move(items)));
        return {};
    }

    static yaml::Value scalar(yaml::Value::Kind kind, const QString& text) {
        yaml::Value value;
        value.kind = kind;
        value.text = text;
        return value;
    }

    static QString optional_question(const SettingSchema& setting) {
        return setting.required ? setting.summary
                                : setting.summary + QStringLiteral(" (empty: none)");
    }

    Result<void> ask_named(const SettingSchema& setting, yaml::Value& section) {
        const auto refusal = [&setting](const QString& text) {
            if (text.isEmpty())
                return setting.required ? QStringLiteral("this one is needed") : QString();
            // It may be the credential itself: it is not repeated.
            return setting.host_variable && !is_variable_name(text)
                       ? QStringLiteral(
                             "that is no variable's name; the credential itself is never "
                             "written down")
                       : QString();
        };
        QString text;
        if (auto done = answer(text, optional_question(setting), {}, refusal); !done) return done;
        if (text.isEmpty()) return {};
        set_member(section, setting.key, yaml::string_value(text));
        if (setting.host_variable && qEnvironmentVariableIsEmpty(text.toLatin1().constData()))
            unset_ += text;
        return {};
    }

    Result<void> ask_hosts() {
        QString text;
        auto done = answer(
            text, QStringLiteral("hosts that it may reach besides its provider's (empty: none)"),
            {}, refused_host);
        if (!done) return done;
        std::vector<yaml::Value> routes;
        QStringList hosts = words_of(text);
        hosts.removeDuplicates();
        for (const QString& host : hosts) {
            yaml::Value route;
            set_member(route, QStringLiteral("host"), yaml::string_value(host));
            routes.push_back(route);
        }
        if (routes.empty()) return {};
        yaml::Value egress;
        set_member(egress, QStringLiteral("routes"), sequence_of(std::move(routes)));
        set_member(bottle_, QStringLiteral("egress"), egress);
        return {};
    }

    Result<void> ask_identity() {
        yaml::Value user;
        for (const char* field : {"name", "email"}) {
            QString text;
            const auto refusal = [](const QString& value) {
                return value.contains(u'<') || value.contains(u'>')
                           ? QStringLiteral("\"<\" and \">\" are not allowed")
                           : anything(value);
            };
            const QString key = QString::fromLatin1(field);
            if (auto done = answer(
                    text, QStringLiteral("%1 for its commits (empty: none)").arg(key), {}, refusal);
                !done)
                return done;
            if (!text.isEmpty()) set_member(user, key, yaml::string_value(text));
        }
        if (user.members.empty()) return {};
        yaml::Value git_gate;
        set_member(git_gate, QStringLiteral("user"), user);
        set_member(bottle_, QStringLiteral("git-gate"), git_gate);
        return {};
    }

    Result<void> put(const char* folder, const QString& name, const QString& text) const {
        const QString directory =
            context_.home().path() + QLatin1Char('/') + QString::fromLatin1(folder);
        if (auto made = files::make_private_directory(directory.toStdString()); !made) return made;
        const QString file = directory + QLatin1Char('/') + name + QStringLiteral(".md");
        if (QFileInfo::exists(file))
            return failure("usage", file.toStdString() + " has appeared meanwhile", {});
        auto written = files::write_atomically(file.toStdString(), text.toStdString());
        if (written) say(QStringLiteral("wrote %1").arg(file));
        return written;
    }

    Context& context_;
    const PluginDescriptor& provider_;
    const ManifestStore& store_;
    QString agent_name_;
    QString prompt_;
    QString bottle_name_;
    bool bottle_exists_ = false;
    yaml::Value bottle_;
    QStringList unset_;
};

}  // namespace

int run_init(const GlobalOptions& global, const InitOptions& options) {
    auto made = Context::make(global);
    if (!made) return fail(made.error());
    Context& context = **made;
    auto provider = context.plugins().provider(options.provider);
    if (!provider) return fail(provider.error(), kUsage);
    Questions questions(context, (*provider)->descriptor());
    if (auto asked = questions.ask(); !asked) return fail(asked.error());
    if (auto home = context.home().make(); !home) return fail(home.error());
    if (auto written = questions.write(); !written) return fail(written.error());
    for (const QString& variable : questions.unset_variables())
        warn(QStringLiteral("%1 is not set here: export it before the start").arg(variable));
    say(QStringLiteral("now: botbottle start %1 --cwd").arg(questions.agent_name()));
    return kDone;
}

}  // namespace botbottle::cli
