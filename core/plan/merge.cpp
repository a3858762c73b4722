#include "plan/merge.h"

#include <algorithm>

namespace botbottle {

PlannedRoute plan_route(const RouteManifest& route, const QString& slot, const QString& owner) {
    PlannedRoute planned;
    planned.host = route.host;
    planned.ports = route.ports;
    planned.methods = route.methods;
    planned.path_allowlist = route.path_allowlist;
    planned.ssrf_ip_allowlist = route.ssrf_ip_allowlist;
    planned.git_fetch = route.git_fetch;
    planned.intercept = route.intercept;
    planned.websocket = route.websocket;
    planned.dlp = route.intercept ? route.dlp : Dlp::Off;
    planned.budget = route.budget;
    planned.owner = owner;
    if (route.auth) {
        planned.auth = PlannedAuth{route.auth->scheme,   slot,
                                   route.auth->username, route.auth->header,
                                   route.auth->prefix,   route.auth->parameter,
                                   route.auth->cookies};
    }
    return planned;
}

void merge_provider(Plan& plan, ProviderReply reply) {
    const QString slot_prefix = QStringLiteral("provider.%1.").arg(reply.plan.id);
    QStringList names = reply.secrets.keys();
    names.sort();
    for (const QString& name : names) {
        const SecretSource source = reply.secrets.value(name);
        plan.credential_slots +=
            CredentialSlot{slot_prefix + name, source.host_variable, source.file};
    }
    for (const RouteManifest& route : reply.routes) {
        const QString slot = route.auth ? slot_prefix + route.auth->token_ref : QString();
        plan.routes += plan_route(route, slot, QStringLiteral("provider:%1").arg(reply.plan.id));
    }
    plan.env += reply.env;
    plan.provider = std::move(reply.plan);
}

Result<void> merge_env(Plan& plan, const PlannedEnv& own) {
    const auto same = std::find_if(plan.env.begin(), plan.env.end(),
                                   [&](const PlannedEnv& other) { return other.name == own.name; });
    if (same == plan.env.end()) {
        plan.env += own;
        return {};
    }
    if (same->hidden) {
        return failure(
            "env_conflict",
            QStringLiteral("env.%1: the provider \"%2\" puts a placeholder there, and the "
                           "credential stays outside of the bottle")
                .arg(own.name, plan.provider->id)
                .toStdString(),
            "remove the key");
    }
    *same = own;
    return {};
}

}  // namespace botbottle
