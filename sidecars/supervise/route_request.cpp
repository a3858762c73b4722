#include "supervise/route_request.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "base/host.h"
#include "policy/policy.h"
#include "supervise/limits.h"

namespace botbottle::supervise {
namespace {

constexpr std::string_view kBelow = "*.";
constexpr const char* kRoutePrefix = "routes[0].";

tl::unexpected<Error> bad(const std::string& message, std::string hint = {}) {
    return failure("invalid_arguments", message, std::move(hint));
}

Result<std::string> canonical_host(const Json& arguments) {
    const auto found = arguments.find("host");
    if (found == arguments.end() || !found->is_string()) return bad("host must be a string");
    const auto& written = found->get_ref<const std::string&>();
    const bool below = written.starts_with(kBelow);
    const auto host = Host::parse(std::string_view(written).substr(below ? kBelow.size() : 0));
    if (!host)
        return bad("host: " + host.error().message,
                   "write a name like api.example.com, without scheme, port or path");
    return (below ? std::string(kBelow) : std::string()) + host->text();
}

// Sorted and without doubles; null when left out.
Result<Json> list_member(const Json& arguments, const char* name) {
    const auto found = arguments.find(name);
    if (found == arguments.end() || found->is_null()) return Json();
    if (!found->is_array() || found->empty() || found->size() > kMaxListItems)
        return bad(std::string(name) + " must be a list of 1 to " + std::to_string(kMaxListItems));
    const bool numbers = std::string_view(name) == "ports";
    for (const Json& item : *found)
        if (numbers ? !item.is_number_unsigned() : !item.is_string())
            return bad(std::string(name) + " must hold " + (numbers ? "numbers" : "strings"));
    Json list = *found;
    std::sort(list.begin(), list.end());
    list.erase(std::unique(list.begin(), list.end()), list.end());
    return list;
}

bool is_variable_name(std::string_view text) {
    const auto letter = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    };
    return !text.empty() && text.size() <= 64 && letter(text[0]) &&
           std::all_of(text.begin(), text.end(),
                       [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

Result<Json> auth_member(const Json& arguments) {
    const auto found = arguments.find("auth");
    if (found == arguments.end() || found->is_null()) return Json();
    if (!found->is_object()) return bad("auth must be an object");
    const auto reference = found->find("token_ref");
    if (reference == found->end() || !reference->is_string() ||
        !is_variable_name(reference->get_ref<const std::string&>()))
        return bad("auth.token_ref must be the name of a variable on the operator's host",
                   "a name such as GH_PAT; never the credential itself");
    Json auth = Json::object();
    for (const char* name : {"scheme", "token_ref", "username", "name", "prefix"}) {
        const auto value = found->find(name);
        if (value == found->end() || value->is_null()) continue;
        if (!value->is_string() || value->get_ref<const std::string&>().size() > 128)
            return bad(std::string("auth.") + name + " must be a short string");
        auth[name] = *value;
    }
    return auth;
}

// The policy's reader has the last word on every member.
Result<void> judge(Json route) {
    if (!route["auth"].is_null()) {
        route["auth"].erase("token_ref");
        route["auth"]["slot"] = "proposed";
    }
    const auto policy =
        policy::PolicySnapshot::from_json({{"schema", "botbottle.policy/1"},
                                           {"revision", 1},
                                           {"routes", Json::array({std::move(route)})}});
    if (policy) return {};
    std::string message = policy.error().message;
    if (const auto at = message.find(kRoutePrefix); at != std::string::npos)
        message.erase(at, std::string_view(kRoutePrefix).size());
    return bad(message, policy.error().hint);
}

}  // namespace

Result<Json> canonical_route(const Json& arguments) {
    if (!arguments.is_object()) return bad("the arguments must be an object");
    for (const auto& [name, value] : arguments.items())
        if (name != "host" && name != "ports" && name != "methods" && name != "path_allowlist" &&
            name != "auth" && name != "justification")
            return bad("there is no argument of that name",
                       "host, ports, methods, path_allowlist, auth, justification");
    auto host = canonical_host(arguments);
    if (!host) return tl::make_unexpected(host.error());
    Json route = {{"host", *std::move(host)}};
    for (const char* name : {"ports", "methods", "path_allowlist"}) {
        auto list = list_member(arguments, name);
        if (!list) return tl::make_unexpected(list.error());
        route[name] = *std::move(list);
    }
    if (route["ports"].is_null()) route["ports"] = Json::array({443U});
    auto auth = auth_member(arguments);
    if (!auth) return tl::make_unexpected(auth.error());
    route["auth"] = *std::move(auth);
    if (auto judged = judge(route); !judged) return tl::make_unexpected(judged.error());
    return route;
}

}  // namespace botbottle::supervise
