#include "bottles/provisioning.h"

#include <QJsonObject>

#include "plan/git_gate.h"

namespace botbottle {
namespace {

QJsonObject file_entry(const QString& path, const QString& mode, const QString& content) {
    return {{QStringLiteral("path"), path},
            {QStringLiteral("type"), QStringLiteral("file")},
            {QStringLiteral("mode"), mode},
            {QStringLiteral("content"), content}};
}

QJsonObject directory_entry(const QString& path, const QString& mode) {
    return {{QStringLiteral("path"), path},
            {QStringLiteral("type"), QStringLiteral("directory")},
            {QStringLiteral("mode"), mode}};
}

QJsonObject source_entry(const QString& path, const QString& type, const QString& mode,
                         const QString& source) {
    return {{QStringLiteral("path"), path},
            {QStringLiteral("type"), type},
            {QStringLiteral("mode"), mode},
            {QStringLiteral("source"), source}};
}

QString quoted(QString value) {
    value.replace(QLatin1Char('\\'), QStringLiteral("\\\\"));
    value.replace(QLatin1Char('"'), QStringLiteral("\\\""));
    value.replace(QLatin1Char('\n'), QStringLiteral("\\n"));
    return QLatin1Char('"') + value + QLatin1Char('"');
}

QString git_config(const Plan& plan) {
    QString config = QStringLiteral("[safe]\n\tdirectory = %1\n").arg(quoted(plan.guest.workspace));
    config += git_gate_config(plan);
    if (plan.git_identity.empty()) return config;
    config += QStringLiteral("[user]\n");
    if (!plan.git_identity.name.isEmpty())
        config += QStringLiteral("\tname = %1\n").arg(quoted(plan.git_identity.name));
    if (!plan.git_identity.email.isEmpty())
        config += QStringLiteral("\temail = %1\n").arg(quoted(plan.git_identity.email));
    return config;
}

class StepList {
  public:
    void copy(const QString& what, const QJsonObject& entry) {
        if (steps_.empty() || !steps_.back().copies()) steps_.push_back({what, {}, {}});
        ProvisioningStep& step = steps_.back();
        if (!step.what.endsWith(what)) step.what += QStringLiteral(", ") + what;
        step.entries.append(entry);
    }
    void run(const QString& what, const QStringList& command) {
        steps_.push_back({what, {}, command});
    }
    std::vector<ProvisioningStep> take() { return std::move(steps_); }

  private:
    std::vector<ProvisioningStep> steps_;
};

void add_trust(StepList& steps, const Plan& plan, const ProvisioningSources& sources) {
    const QString what = QStringLiteral("trust store");
    steps.copy(what,
               file_entry(plan.guest.ca_certificate, QStringLiteral("0644"), sources.authority));
    for (const auto& [path, source] :
         {std::pair{plan.guest.ca_bundle, sources.trust.bundle},
          {java_trust_store_path(plan.guest), sources.trust.java_store}})
        steps.copy(what,
                   source_entry(path, QStringLiteral("file"), QStringLiteral("0644"), source));
}

void add_prompt(StepList& steps, const Plan& plan) {
    const QString path = prompt_file(plan);
    if (path.isEmpty()) return;
    const QString what = QStringLiteral("prompt");
    steps.copy(what, directory_entry(path.left(path.lastIndexOf(QLatin1Char('/'))),
                                     QStringLiteral("0700")));
    steps.copy(what, file_entry(path, QStringLiteral("0600"), plan.prompt + QLatin1Char('\n')));
}

void add_provider(StepList& steps, const ProviderPlan& provider) {
    const QString what = provider.id + QStringLiteral(" files");
    for (const QStringList& command : provider.pre_copy)
        steps.run(provider.id + QStringLiteral(" preparation"), command);
    for (const PlannedDirectory& directory : provider.directories)
        steps.copy(what, directory_entry(directory.path, directory.mode));
    for (const PlannedFile& file : provider.files)
        steps.copy(what, file_entry(file.path, file.mode, file.content));
}

}  // namespace

QString prompt_file(const Plan& plan) {
    return plan.prompt.isEmpty() ? QString()
                                 : plan.guest.home + QStringLiteral("/.botbottle/prompt.md");
}

std::vector<ProvisioningStep> provisioning_steps(const Plan& plan,
                                                 const ProvisioningSources& sources) {
    StepList steps;
    add_trust(steps, plan, sources);
    add_prompt(steps, plan);
    if (plan.provider) add_provider(steps, *plan.provider);
    for (const KeptConversation& part : sources.conversation)
        steps.copy(QStringLiteral("conversation"),
                   source_entry(part.path, QStringLiteral("directory"), QStringLiteral("0700"),
                                part.source));
    for (const PlannedSkill& skill : plan.skills)
        steps.copy(QStringLiteral("skills"),
                   source_entry(skill.destination, QStringLiteral("directory"),
                                QStringLiteral("0755"), skill.source));
    if (!sources.workspace.isEmpty())
        steps.copy(QStringLiteral("workspace"),
                   source_entry(plan.guest.workspace, QStringLiteral("directory"),
                                QStringLiteral("0755"), sources.workspace));
    steps.copy(QStringLiteral("git config"),
               file_entry(plan.guest.home + QStringLiteral("/.gitconfig"), QStringLiteral("0644"),
                          git_config(plan)));
    if (plan.provider) {
        for (const QStringList& command : plan.provider->verify)
            steps.run(plan.provider->id + QStringLiteral(" check"), command);
    }
    return steps.take();
}

}  // namespace botbottle
