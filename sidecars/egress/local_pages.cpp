// See local_pages.h.
#include "egress/local_pages.h"

#include <nlohmann/json.hpp>

namespace botbottle::egress {

namespace {

using Json = nlohmann::json;

std::string_view name_of(policy::Auth::Scheme scheme) {
    switch (scheme) {
        case policy::Auth::Scheme::kBearer:
            return "Bearer";
        case policy::Auth::Scheme::kToken:
            return "token";
        case policy::Auth::Scheme::kBasic:
            return "Basic";
        case policy::Auth::Scheme::kHeader:
            return "header";
        case policy::Auth::Scheme::kQuery:
            return "query";
    }
    return "";
}

Json describe(const policy::Route& route) {
    Json paths;
    if (route.path_allowlist) {
        paths = Json::array();
        for (const RoutePath& path : *route.path_allowlist)
            paths.push_back(path.text());
    }
    return {{"host", route.name()},
            {"ports", route.ports},
            {"methods", route.methods ? Json(*route.methods) : Json()},
            {"paths", std::move(paths)},
            {"auth", route.auth ? Json(name_of(route.auth->scheme)) : Json()},
            {"intercept", route.intercept}};
}

}  // namespace

LocalPage local_page(std::string_view path, const policy::PolicySnapshot& policy, bool closed) {
    if (path == "/healthz")
        return {closed ? 503 : 200, Json{{"status", closed ? "closed" : "ok"}}.dump()};
    if (closed) return {503, Json{{"error", "the audit record cannot be written"}}.dump()};
    if (path != "/allowlist")
        return {404, Json{{"error", "there are /allowlist and /healthz"}}.dump()};
    Json routes = Json::array();
    for (const policy::Route& route : policy.routes())
        routes.push_back(describe(route));
    return {200, Json{{"revision", policy.revision()}, {"routes", std::move(routes)}}.dump()};
}

}  // namespace botbottle::egress
