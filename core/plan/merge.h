// Putting the provider's part and the bottle's part of a plan together.
#pragma once

#include "base/error.h"
#include "plan/plan.h"
#include "plan/provider_call.h"

namespace botbottle {

PlannedRoute plan_route(const RouteManifest& route, const QString& slot, const QString& owner);

// Adds the provider's environment, routes (owner "provider:<id>") and credential slots.
void merge_provider(Plan& plan, ProviderReply reply);

// Adds a variable of the bottle's; it wins over the provider's, but for a placeholder: error
// `env_conflict`.
Result<void> merge_env(Plan& plan, const PlannedEnv& own);

}  // namespace botbottle
