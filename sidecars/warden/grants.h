// Grants: routes that the operator adds to a running bottle's policy, and routes that are taken out
// of it. Values to values; the egress judges what comes out, as it judges any policy.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "base/error.h"

namespace botbottle::warden {

// A policy with its next revision, and what changed in it.
// NOLINTNEXTLINE(bugprone-exception-escape): moving a JSON document throws only by its declaration
struct ChangedPolicy {
    nlohmann::json policy;
    nlohmann::json route;
};

// How a grant meets the route that its host has already.
struct GrantMode {
    bool replace = false;    // takes its place
    bool keep_auth = false;  // and its credential's, which the caller cannot name
};

// The policy and one more route, owned by "grant:<id>". A route with a credential names no slot of
// its own: it gets "grant.<id>". Error `host_has_route` when the host has one and the mode does not
// say that it is replaced: two would be one decision of two minds.
Result<ChangedPolicy> with_grant(const nlohmann::json& policy, nlohmann::json route,
                                 const std::string& id, const GrantMode& mode = {});

// The policy without the route of exactly that host, whoever owns it. Error `no_such_route` with
// those there are.
Result<ChangedPolicy> without_route(const nlohmann::json& policy, const std::string& host);

// The policy with `before` in the place of the route of its host: what a grant had replaced.
Result<ChangedPolicy> with_route_back(const nlohmann::json& policy, const nlohmann::json& before);

// The route of exactly that host, or null.
nlohmann::json route_of(const nlohmann::json& policy, const std::string& host);

// Hexadecimal SHA-256: two policies that say the same in other words have different ones.
std::string policy_digest(const nlohmann::json& policy);

}  // namespace botbottle::warden
