// See grants.h.
#include "warden/grants.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>

#include "warden/launch_request.h"

namespace botbottle::warden {

namespace {

using Json = nlohmann::json;

Json::const_iterator find_route(const Json& routes, const Json& host) {
    return std::find_if(routes.begin(), routes.end(), [&host](const Json& route) {
        return route.is_object() && route.value("host", Json()) == host;
    });
}

std::string hosts_of(const Json& routes) {
    std::string text;
    for (const Json& route : routes)
        text += (text.empty() ? "" : ", ") + route.value("host", std::string());
    return text.empty() ? "there are no routes" : "there are routes for " + text;
}

Json next(const Json& policy) {
    Json changed = policy;
    changed["revision"] = policy_revision(policy) + 1;
    return changed;
}

}  // namespace

Result<ChangedPolicy> with_grant(const Json& policy, Json route, const std::string& id,
                                 const GrantMode& mode) {
    if (!route.is_object() || !route.contains("host") || !route["host"].is_string())
        return failure("bad_request", "route must be an object with a host");
    if (route.contains("owner"))
        return failure("bad_request", "route.owner is not the caller's to set");
    const auto auth = route.find("auth");
    if (auth != route.end() && !auth->is_null()) {
        if (!auth->is_object() || auth->contains("slot"))
            return failure("bad_request", "route.auth must be an object without a slot");
        (*auth)["slot"] = "grant." + id;
    }
    const Json& routes = policy["routes"];
    const auto before = find_route(routes, route["host"]);
    if (before != routes.end() && !mode.replace)
        return failure("host_has_route", "there is a route for " + route["host"].get<std::string>(),
                       "revoke it first");
    if (before == routes.end() && mode.keep_auth)
        return failure("no_such_route", "there is no route whose credential could be kept");
    if (mode.keep_auth) route["auth"] = before->value("auth", Json());
    route["owner"] = "grant:" + id;
    ChangedPolicy changed{next(policy), route};
    if (before == routes.end())
        changed.policy["routes"].push_back(std::move(route));
    else
        changed.policy["routes"][static_cast<std::size_t>(before - routes.begin())] =
            std::move(route);
    return changed;
}

Json route_of(const Json& policy, const std::string& host) {
    const auto found = find_route(policy["routes"], host);
    return found == policy["routes"].end() ? Json() : *found;
}

Result<ChangedPolicy> with_route_back(const Json& policy, const Json& before) {
    const Json& routes = policy["routes"];
    const auto found = find_route(routes, before["host"]);
    if (found == routes.end())
        return failure("no_such_route", "there is no such route", hosts_of(routes));
    ChangedPolicy changed{next(policy), *found};
    changed.policy["routes"][static_cast<std::size_t>(found - routes.begin())] = before;
    return changed;
}

std::string policy_digest(const Json& policy) {
    const std::string text = policy.dump();
    std::array<unsigned char, 32> digest = {};
    EVP_Q_digest(nullptr, "SHA256", nullptr, text.data(), text.size(), digest.data(), nullptr);
    std::string hex;
    for (const unsigned char byte : digest) {
        hex += "0123456789abcdef"[byte >> 4];
        hex += "0123456789abcdef"[byte & 15];
    }
    return hex;
}

Result<ChangedPolicy> without_route(const Json& policy, const std::string& host) {
    const Json& routes = policy["routes"];
    const auto found = find_route(routes, host);
    if (found == routes.end())
        return failure("no_such_route", "there is no route for " + host, hosts_of(routes));
    ChangedPolicy changed{next(policy), *found};
    changed.policy["routes"].erase(static_cast<std::size_t>(found - routes.begin()));
    return changed;
}

}  // namespace botbottle::warden
