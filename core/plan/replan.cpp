// The plan again, for the guest that the backend has really prepared.
#include <utility>

#include "plan/merge.h"
#include "plan/plan.h"
#include "plan/provider_call.h"

namespace botbottle {
namespace {

// Takes the elements for which `rule` holds out of `list`.
template <typename T, typename Rule>
QList<T> extract(QList<T>& list, Rule rule) {
    QList<T> taken;
    QList<T> kept;
    for (T& element : list)
        (rule(element) ? taken : kept) += std::move(element);
    list = std::move(kept);
    return taken;
}

}  // namespace

Result<Plan> replan(const Plan& seen, const PlanSources& sources, const Guest& guest,
                    const QString& state_directory) {
    Plan plan = seen;
    plan.guest = guest;
    if (!seen.provider) return plan;

    const QString& id = seen.provider->id;
    const auto provider = sources.plugins.provider(id);
    if (!provider) return tl::make_unexpected(provider.error());
    // The credentials' shapes are those of the first time: the variables may be wiped by now.
    auto reply =
        ask_provider(**provider,
                     {seen.provider->settings, seen.provider->secret_shapes, guest, state_directory,
                      seen.headless, seen.prompt, sources.user_home, seen.supervise.has_value()},
                     sources.variables);
    if (!reply) return tl::make_unexpected(reply.error());

    const QString owner = QStringLiteral("provider:%1").arg(id);
    const QString slot_prefix = QStringLiteral("provider.%1.").arg(id);
    const auto seen_routes =
        extract(plan.routes, [&](const PlannedRoute& route) { return route.owner == owner; });
    const auto seen_slots = extract(plan.credential_slots, [&](const CredentialSlot& slot) {
        return slot.slot.startsWith(slot_prefix);
    });
    extract(plan.env,
            [](const PlannedEnv& entry) { return entry.source == PlannedEnv::Source::Provider; });
    const auto own_routes = std::exchange(plan.routes, {});
    const auto own_slots = std::exchange(plan.credential_slots, {});
    const auto own_env = std::exchange(plan.env, {});

    merge_provider(plan, std::move(*reply));
    if (plan.routes != seen_routes || plan.credential_slots != seen_slots) {
        return failure("plan_changed",
                       "the provider \"" + id.toStdString() +
                           "\" asks for other routes or credentials than those shown before",
                       "start again to see them");
    }
    plan.routes += own_routes;
    plan.credential_slots += own_slots;
    for (const PlannedEnv& entry : own_env) {
        if (auto merged = merge_env(plan, entry); !merged) {
            return tl::make_unexpected(merged.error());
        }
    }
    for (PlannedSkill& skill : plan.skills) {
        skill.destination = plan.provider->skills_directory + QLatin1Char('/') + skill.name;
    }
    return plan;
}

}  // namespace botbottle
