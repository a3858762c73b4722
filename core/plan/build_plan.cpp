// From manifests, settings and a provider's reply to a Plan. The order is that of the errors a
// person wants to see first: what does not exist, what is written wrong, what is not set.
#include <QFile>
#include <QFileInfo>
#include <algorithm>

#include "manifest/git_identity_reader.h"
#include "manifest/text.h"
#include "plan/merge.h"
#include "plan/plan.h"
#include "plan/provider_call.h"
#include "plan/provider_settings.h"

namespace botbottle {
namespace {

constexpr qint64 kLargestCertificateFile = 1024 * 1024;
constexpr qint64 kLargestRuleFile = qint64{256} * 1024;

QString show(const Location& where) {
    return where.line > 0 ? QStringLiteral("%1:%2").arg(where.file).arg(where.line) : where.file;
}

// Which host variables a plan needs, and who names them.
class NeededVariables {
  public:
    void add(const QString& name, const QString& named_by) {
        const auto known = std::any_of(list_.begin(), list_.end(),
                                       [&](const auto& each) { return each.first == name; });
        if (!known) list_.append({name, named_by});
    }

    // Each that is not there, in a sentence.
    QStringList missing(const HostVariables& variables, QStringList* names = nullptr) const {
        QStringList missing;
        for (const auto& [name, named_by] : list_) {
            const char* value = variables(name.toLatin1().constData());
            if (value != nullptr && *value != '\0') continue;
            if (names != nullptr) *names += name;
            missing +=
                QStringLiteral("%1: the environment variable %2 is %3")
                    .arg(named_by, name,
                         value == nullptr ? QStringLiteral("not set") : QStringLiteral("empty"));
        }
        return missing;
    }

    Result<void> check(const HostVariables& variables) const {
        QStringList names;
        const QStringList missing = this->missing(variables, &names);
        if (missing.isEmpty()) return {};
        return failure("missing_variable", missing.join(QLatin1Char('\n')).toStdString(),
                       QStringLiteral("export %1 before you start the bottle")
                           .arg(names.join(QStringLiteral(" and ")))
                           .toStdString());
    }

  private:
    QList<std::pair<QString, QString>> list_;
};

// A value that is no number must not become a silent default.
Result<int> seconds_of(const HostVariables& variables, const char* name, int otherwise, int least,
                       int most) {
    const char* written = variables(name);
    if (written == nullptr || *written == '\0') return otherwise;
    bool number = false;
    const int seconds = QString::fromLocal8Bit(written).toInt(&number);
    if (number && seconds >= least && seconds <= most) return seconds;
    return failure("bad_variable", std::string(name) + " must be a whole number from " +
                                       std::to_string(least) + " to " + std::to_string(most));
}

Result<Supervision> read_supervision(const HostVariables& variables) {
    const auto response = seconds_of(variables, "SUPERVISE_RESPONSE_TIMEOUT_SECONDS", 30, 0, 240);
    if (!response) return tl::make_unexpected(response.error());
    const auto expiry =
        seconds_of(variables, "SUPERVISE_PROPOSAL_EXPIRY_SECONDS", 24 * 3600, 1, 31 * 24 * 3600);
    if (!expiry) return tl::make_unexpected(expiry.error());
    return Supervision{*response, *expiry};
}

class PlanBuilder {
  public:
    PlanBuilder(const LaunchRequest& request, const PlanSources& sources)
        : request_(request), sources_(sources) {
        plan_.label = request.label;
        plan_.backend = sources.settings.backend.value;
        plan_.command = request.command;
        plan_.arguments = request.arguments;
        plan_.headless = request.headless_prompt.has_value();
        plan_.headless_prompt = request.headless_prompt.value_or(QString());
        plan_.working_directory = request.working_directory;
        plan_.copy_working_directory = request.copy_working_directory;
    }

    Result<Plan> build(const Guest& guest, const QString& state_directory) {
        plan_.guest = guest;
        for (const auto step :
             {&PlanBuilder::take_agent, &PlanBuilder::take_bottle, &PlanBuilder::take_upstream}) {
            if (auto done = (this->*step)(); !done) return tl::make_unexpected(done.error());
        }
        if (!plan_.agent.isEmpty()) {
            if (auto done = take_provider(state_directory); !done)
                return tl::make_unexpected(done.error());
            if (auto done = take_skills(); !done) return tl::make_unexpected(done.error());
        }
        take_bottle_routes();
        if (auto done = take_bottle_env(); !done) return tl::make_unexpected(done.error());
        if (request_.only_shown) {
            plan_.warnings += needed_.missing(sources_.variables);
            return std::move(plan_);
        }
        if (auto done = needed_.check(sources_.variables); !done)
            return tl::make_unexpected(done.error());
        return std::move(plan_);
    }

  private:
    Result<void> take_agent() {
        if (request_.agent.isEmpty()) {
            plan_.bottle = request_.bottle;
            plan_.identity_base =
                request_.bottle.isEmpty() ? QStringLiteral("run") : request_.bottle;
            return {};
        }
        auto agent = sources_.manifests.agent(request_.agent, &plan_.warnings);
        if (!agent) return tl::make_unexpected(agent.error());
        agent_ = std::move(*agent);
        plan_.agent = agent_.name;
        plan_.agent_from_repository = agent_.from_repository;
        plan_.identity_base = agent_.name;
        plan_.bottle = agent_.bottle;
        plan_.prompt = agent_.prompt;
        return {};
    }

    Result<void> take_bottle() {
        if (plan_.bottle.isEmpty()) return {};
        auto bottle = sources_.manifests.bottle(plan_.bottle);
        if (!bottle) {
            Error error = bottle.error();
            const bool agents_fault = error.code == "unknown_bottle" && !plan_.agent.isEmpty();
            if (agents_fault)
                error.message = show(agent_.where).toStdString() + ": bottle: " + error.message;
            return tl::make_unexpected(std::move(error));
        }
        bottle_ = std::move(*bottle);
        plan_.bottle_chain = bottle_.chain;
        plan_.resources = bottle_.resources;
        plan_.workspace = bottle_.workspace;
        plan_.dockerfile = bottle_.provider.dockerfile;
        if (plan_.dockerfile.startsWith(QStringLiteral("~/")))
            plan_.dockerfile = sources_.user_home + plan_.dockerfile.mid(1);
        plan_.git_identity = bottle_.git_identity;
        if (bottle_.supervise) {
            auto supervision = read_supervision(sources_.variables);
            if (!supervision) return tl::make_unexpected(supervision.error());
            plan_.supervise = *supervision;
        }
        for (const GitRepo& repo : bottle_.repos)
            plan_.repos += PlannedRepo{repo.name,
                                       repo.url,
                                       repo.user,
                                       repo.host,
                                       repo.port,
                                       repo.path,
                                       repo.identity.startsWith(u'~')
                                           ? sources_.user_home + repo.identity.mid(1)
                                           : repo.identity,
                                       repo.host_key,
                                       repo.rules};
        merge_identity(plan_.git_identity, agent_.git_identity);
        plan_.identity_claimed = agent_.from_repository && !agent_.git_identity.empty();
        return {};
    }

    Result<void> take_upstream() {
        const QString key = QStringLiteral("egress.upstream_proxy");
        plan_.upstream.proxy = sources_.settings.upstream_proxy.value;
        if (plan_.upstream.proxy && !plan_.upstream.proxy->password_ref.isEmpty()) {
            const QString& variable = plan_.upstream.proxy->password_ref;
            needed_.add(variable,
                        QStringLiteral("%1: %2").arg(sources_.settings.upstream_proxy.source, key));
            plan_.credential_slots += CredentialSlot{QStringLiteral("upstream.proxy"), variable};
        }
        if (auto taken = take_upstream_ca(); !taken) return taken;
        return take_scan();
    }

    // What is looked for besides, in all that leaves.
    Result<void> take_scan() {
        const auto& canaries = sources_.settings.canaries;
        for (const QString& variable : canaries.value) {
            needed_.add(variable, QStringLiteral("%1: egress.canaries").arg(canaries.source));
            plan_.credential_slots +=
                CredentialSlot{QStringLiteral("canary.") + variable, variable};
        }
        const auto& setting = sources_.settings.scan_rules;
        if (setting.value.isEmpty()) return {};
        const auto unusable = [&](const QString& why) {
            return failure("scan_rules_unreadable", QStringLiteral("%1: egress.scan_rules: %2: %3")
                                                        .arg(setting.source, setting.value, why)
                                                        .toStdString());
        };
        QFile file(setting.value);
        if (!QFileInfo(file).isFile()) return unusable(QStringLiteral("there is no such file"));
        if (!file.open(QIODevice::ReadOnly)) return unusable(file.errorString());
        const QByteArray content = file.read(kLargestRuleFile + 1);
        if (content.size() > kLargestRuleFile)
            return unusable(QStringLiteral("more than 256 KiB of rules"));
        plan_.scan_rules = QString::fromUtf8(content);
        if (plan_.scan_rules.toUtf8() != content || content.contains('\0'))
            return unusable(QStringLiteral("it is no text in UTF-8"));
        return {};
    }

    Result<void> take_upstream_ca() {
        const auto& setting = sources_.settings.upstream_ca;
        if (setting.value.isEmpty()) return {};
        const auto unusable = [&](const QString& why) {
            return failure("upstream_ca_unreadable",
                           QStringLiteral("%1: egress.upstream_ca: %2: %3")
                               .arg(setting.source, setting.value, why)
                               .toStdString());
        };
        QFile file(setting.value);
        if (!QFileInfo(file).isFile()) return unusable(QStringLiteral("there is no such file"));
        if (!file.open(QIODevice::ReadOnly)) return unusable(file.errorString());
        const QByteArray content = file.read(kLargestCertificateFile + 1);
        if (content.size() > kLargestCertificateFile)
            return unusable(QStringLiteral("too large for certificates"));
        if (content.contains("PRIVATE KEY-----")) {
            return unusable(
                QStringLiteral("it holds a private key; give a file with certificates only"));
        }
        if (!content.contains("-----BEGIN CERTIFICATE-----")) {
            return unusable(QStringLiteral("it holds no certificate in PEM form"));
        }
        plan_.upstream.ca_pem = QString::fromLatin1(content);
        return {};
    }

    Result<void> take_provider(const QString& state_directory) {
        const ProviderManifest& manifest = bottle_.provider;
        const auto provider = sources_.plugins.provider(manifest.id);
        if (!provider) {
            Error error = provider.error();
            error.message =
                show(manifest.where).toStdString() + ": agent_provider.template: " + error.message;
            return tl::make_unexpected(std::move(error));
        }
        auto settings = check_provider_settings(manifest, (*provider)->descriptor());
        if (!settings) return tl::make_unexpected(settings.error());
        for (const ProviderSetting& setting : manifest.settings) {
            const QString name = setting.value.toString();
            if (!named_variables((*provider)->descriptor(), *settings).contains(name)) continue;
            needed_.add(
                name,
                QStringLiteral("%1: agent_provider.%2").arg(show(setting.where), setting.key));
        }
        // A provider that is told the shape of a credential needs it to be there.
        if (!request_.only_shown) {
            if (auto set = needed_.check(sources_.variables); !set) return set;
        }
        auto shapes = secret_shapes((*provider)->descriptor(), *settings, sources_.variables);
        auto reply = ask_provider(
            **provider,
            {std::move(*settings), std::move(shapes), plan_.guest, state_directory, plan_.headless,
             plan_.prompt, sources_.user_home, plan_.supervise.has_value()},
            sources_.variables);
        if (!reply) return tl::make_unexpected(reply.error());
        merge_provider(plan_, std::move(*reply));
        return {};
    }

    void take_bottle_routes() {
        plan_.budget = bottle_.budget;
        const qsizetype owned = plan_.routes.size();
        for (const RouteManifest& route : bottle_.routes) {
            const auto end = plan_.routes.begin() + owned;
            const auto taken =
                std::find_if(plan_.routes.begin(), end,
                             [&](const PlannedRoute& other) { return other.host == route.host; });
            if (taken != end) {
                plan_.notes +=
                    QStringLiteral(
                        "%1: the route for %2 is dropped: the provider \"%3\" brings its own")
                        .arg(show(route.where), route.host, plan_.provider->id);
                continue;
            }
            QString slot;
            if (route.auth) {
                slot = QStringLiteral("egress.%1").arg(route.host);
                plan_.credential_slots += CredentialSlot{slot, route.auth->token_ref};
                needed_.add(
                    route.auth->token_ref,
                    QStringLiteral("%1: the credential for %2").arg(show(route.where), route.host));
            }
            plan_.routes += plan_route(route, slot, QStringLiteral("bottle"));
        }
    }

    Result<void> take_bottle_env() {
        for (const EnvEntry& entry : bottle_.env) {
            PlannedEnv own;
            own.name = entry.name;
            switch (entry.kind) {
                case EnvEntry::Kind::Literal:
                    own.value = entry.text;
                    break;
                case EnvEntry::Kind::HostVariable:
                    own.source = PlannedEnv::Source::HostVariable;
                    own.reference = entry.text;
                    needed_.add(entry.text,
                                QStringLiteral("%1: env.%2").arg(show(entry.where), entry.name));
                    break;
                case EnvEntry::Kind::Prompt:
                    own.source = PlannedEnv::Source::Prompt;
                    own.reference = entry.text;
                    break;
            }
            if (auto merged = merge_env(plan_, own); !merged) {
                Error error = merged.error();
                error.message = show(entry.where).toStdString() + ": " + error.message;
                return tl::make_unexpected(std::move(error));
            }
        }
        return {};
    }

    Result<void> take_skills() {
        const ProviderPlan& provider = *plan_.provider;
        if (!agent_.skills.isEmpty() && provider.skills_directory.isEmpty()) {
            return failure("unknown_skill",
                           QStringLiteral("%1: skills: the provider \"%2\" knows no skills")
                               .arg(agent_.file, provider.id)
                               .toStdString());
        }
        const QStringList roots = skill_roots();
        for (const QString& name : agent_.skills) {
            const auto root = std::find_if(roots.begin(), roots.end(), [&](const QString& each) {
                return QFileInfo(each + name + QStringLiteral("/SKILL.md")).isFile();
            });
            if (root == roots.end()) {
                return failure("unknown_skill",
                               QStringLiteral("%1: skills: there is no skill %2")
                                   .arg(agent_.file, quoted(name))
                                   .toStdString(),
                               QStringLiteral("a skill is a directory with a file SKILL.md: %1%2")
                                   .arg(roots.join(name + QStringLiteral(" or ")), name)
                                   .toStdString());
            }
            plan_.skills += PlannedSkill{name, *root + name,
                                         provider.skills_directory + QLatin1Char('/') + name};
        }
        return {};
    }

    // Where the operator keeps skills: the provider's own place first, which lies below the home as
    // it does in the bottle, then Claude Code's, whose form the others have taken over.
    QStringList skill_roots() const {
        QStringList roots;
        const QString& inside = plan_.provider->skills_directory;
        const QString home = plan_.guest.home + QLatin1Char('/');
        if (inside.startsWith(home))
            roots += QStringLiteral("%1/%2/").arg(sources_.user_home, inside.mid(home.size()));
        roots += sources_.user_home + QStringLiteral("/.claude/skills/");
        roots.removeDuplicates();
        return roots;
    }

    const LaunchRequest& request_;
    const PlanSources& sources_;
    AgentManifest agent_;
    BottleManifest bottle_;
    NeededVariables needed_;
    Plan plan_;
};

}  // namespace

Result<Plan> build_plan(const LaunchRequest& request, const PlanSources& sources,
                        const Guest& guest, const QString& state_directory) {
    return PlanBuilder(request, sources).build(guest, state_directory);
}

}  // namespace botbottle
