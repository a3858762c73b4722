// The plan as a bottle's metadata keeps it.
#include <QJsonArray>

#include "plan/json.h"
#include "plan/plan.h"

namespace botbottle {
namespace {

QJsonArray env_to_json(const QList<PlannedEnv>& env) {
    QJsonArray array;
    for (const PlannedEnv& entry : env) {
        array += QJsonObject{{QStringLiteral("name"), entry.name},
                             {QStringLiteral("source"), to_string(entry.source)},
                             {QStringLiteral("value"), entry.value},
                             {QStringLiteral("reference"), entry.reference},
                             {QStringLiteral("hidden"), entry.hidden}};
    }
    return array;
}

QJsonArray skills_to_json(const QList<PlannedSkill>& skills) {
    QJsonArray array;
    for (const PlannedSkill& skill : skills) {
        array += QJsonObject{{QStringLiteral("name"), skill.name},
                             {QStringLiteral("source"), skill.source},
                             {QStringLiteral("destination"), skill.destination}};
    }
    return array;
}

QJsonValue provider_to_json(const std::optional<ProviderPlan>& provider) {
    if (!provider) return QJsonValue::Null;
    return QJsonObject{
        {QStringLiteral("id"), provider->id},
        {QStringLiteral("settings"), provider->settings},
        {QStringLiteral("command"), provider->command},
        {QStringLiteral("skills_directory"), provider->skills_directory},
        {QStringLiteral("conversation"), QJsonArray::fromStringList(provider->conversation)}};
}

}  // namespace

QJsonObject plan_to_json(const Plan& plan) {
    const bool copies = plan.workspace.mode == WorkspaceManifest::Mode::Copy;
    return {
        {QStringLiteral("schema"), QStringLiteral("botbottle.plan/1")},
        {QStringLiteral("agent"), plan.agent},
        {QStringLiteral("agent_from_repository"), plan.agent_from_repository},
        {QStringLiteral("bottle"), plan.bottle},
        {QStringLiteral("bottle_chain"), QJsonArray::fromStringList(plan.bottle_chain)},
        {QStringLiteral("label"), plan.label},
        {QStringLiteral("backend"), plan.backend},
        {QStringLiteral("guest"), guest_to_json(plan.guest)},
        {QStringLiteral("provider"), provider_to_json(plan.provider)},
        {QStringLiteral("command"), QJsonArray::fromStringList(plan.command)},
        {QStringLiteral("headless"), plan.headless},
        {QStringLiteral("headless_prompt"), plan.headless_prompt},
        {QStringLiteral("arguments"), QJsonArray::fromStringList(plan.arguments)},
        {QStringLiteral("env"), env_to_json(plan.env)},
        {QStringLiteral("routes"), routes_to_json(plan.routes)},
        {QStringLiteral("credentials"), credentials_to_json(plan.credential_slots)},
        {QStringLiteral("upstream"),
         QJsonObject{{QStringLiteral("proxy"), proxy_to_json(plan.upstream.proxy)},
                     {QStringLiteral("ca"), plan.upstream.ca_pem}}},
        {QStringLiteral("repos"), repos_to_json(plan.repos)},
        {QStringLiteral("git_identity"), git_identity_to_json(plan)},
        {QStringLiteral("prompt"), plan.prompt},
        {QStringLiteral("skills"), skills_to_json(plan.skills)},
        {QStringLiteral("limits"), resources_to_json(plan.resources)},
        {QStringLiteral("dockerfile"), plan.dockerfile},
        {QStringLiteral("supervise"), plan.supervise.has_value()},
        {QStringLiteral("budget"), budget_to_json(plan.budget)},
        {QStringLiteral("workspace"),
         QJsonObject{
             {QStringLiteral("mode"), copies ? QStringLiteral("copy") : QStringLiteral("none")},
             {QStringLiteral("exclude"), QJsonArray::fromStringList(plan.workspace.exclude)},
             {QStringLiteral("copied"), plan.copy_working_directory},
             {QStringLiteral("working_directory"), plan.working_directory}}},
    };
}

}  // namespace botbottle
