// The decision on one request: host, port, scheme, path, git, method, path prefixes, in this order,
// on canonical values. Every refusal says what would be allowed.
#include <algorithm>
#include <iterator>

#include "http/header.h"
#include "policy/git_service.h"
#include "policy/policy.h"

namespace botbottle::policy {
namespace {

constexpr std::size_t kMostListed = 8;
constexpr std::uint16_t kHttpsPort = 443;
constexpr std::string_view kAsk =
    "; the whole list is at http://_egress.local/allowlist, and the egress-block tool asks for "
    "more";
constexpr std::string_view kPushHint =
    "push to the repo's ssh URL: git-gate takes it from there, scans it and forwards it; the repo "
    "must stand under git-gate.repos of the bottle";
constexpr std::string_view kFetchHint =
    "clone from the repo's ssh URL through git-gate, or ask for `git: {fetch: true}` on this route";

// The IANA registry of methods, without CONNECT and TRACE: a tunnel inside a tunnel, and an echo of
// the injected credential (RFC 9110 9.3.6, 9.3.8). The frequent ones first.
constexpr std::string_view kRegisteredMethods[] = {"GET",
                                                   "POST",
                                                   "HEAD",
                                                   "PUT",
                                                   "PATCH",
                                                   "DELETE",
                                                   "OPTIONS",
                                                   "PROPFIND",
                                                   "PROPPATCH",
                                                   "REPORT",
                                                   "SEARCH",
                                                   "QUERY",
                                                   "ACL",
                                                   "BASELINE-CONTROL",
                                                   "BIND",
                                                   "CHECKIN",
                                                   "CHECKOUT",
                                                   "COPY",
                                                   "LABEL",
                                                   "LINK",
                                                   "LOCK",
                                                   "MERGE",
                                                   "MKACTIVITY",
                                                   "MKCALENDAR",
                                                   "MKCOL",
                                                   "MKREDIRECTREF",
                                                   "MKWORKSPACE",
                                                   "MOVE",
                                                   "ORDERPATCH",
                                                   "REBIND",
                                                   "UNBIND",
                                                   "UNCHECKOUT",
                                                   "UNLINK",
                                                   "UNLOCK",
                                                   "UPDATE",
                                                   "UPDATEREDIRECTREF",
                                                   "VERSION-CONTROL"};

// "a, b, c and 4 more", of at most kMostListed.
template <typename Items, typename Text>
std::string listed(const Items& items, const Text& text) {
    std::string out;
    for (std::size_t i = 0; i < items.size() && i < kMostListed; ++i) {
        if (i > 0) out.append(", ");
        out.append(text(items[i]));
    }
    if (items.size() > kMostListed) {
        out.append(" and ").append(std::to_string(items.size() - kMostListed)).append(" more");
    }
    return out;
}

Decision deny(Decision decision, int status, std::string_view rule, std::string reason,
              std::string hint) {
    decision.allowed = false;
    decision.status = status;
    decision.rule = rule;
    decision.reason = std::move(reason);
    decision.hint = std::move(hint);
    return decision;
}

bool allows_method(const Route& route, std::string_view method) {
    if (route.methods) {
        return std::find(route.methods->begin(), route.methods->end(), method) !=
               route.methods->end();
    }
    return std::find(std::begin(kRegisteredMethods), std::end(kRegisteredMethods), method) !=
           std::end(kRegisteredMethods);
}

std::string method_hint(const Route& route) {
    if (!route.methods) return "use a registered method such as GET or POST, in upper case";
    return "allowed methods: " +
           listed(*route.methods, [](const std::string& name) { return name; });
}

std::string path_hint(const Route& route) {
    return "allowed paths: " +
           listed(*route.path_allowlist, [](const RoutePath& path) { return path.text(); });
}

// Whether a request's path ("/me/project.git/info/refs") is one of the repo's.
bool is_of(std::string_view path, const GitRepo& repo) {
    if (!path.starts_with(repo.path)) return false;
    path.remove_prefix(repo.path.size());
    return path.empty() || path.starts_with("/") || path == ".git" || path.starts_with(".git/");
}

}  // namespace

// Where the git-gate has that repo, or else what it has of that host; empty when that is nothing.
std::string PolicySnapshot::gate_hint(const Host& host, std::string_view path) const {
    std::vector<const GitRepo*> known;
    for (const GitRepo& repo : git_repos_) {
        if (repo.host != host) continue;
        if (is_of(path, repo)) return "this repo is at " + repo.address + ", for clone and push";
        known.push_back(&repo);
    }
    if (known.empty()) return {};
    return "the git repos of " + host.text() + " that this bottle has are at " +
           listed(known, [](const GitRepo* repo) { return repo->address; });
}

Decision PolicySnapshot::deny_git(Decision decision, bool push, const Host& host,
                                  std::string_view path) const {
    std::string hint = gate_hint(host, path);
    if (hint.empty()) hint = push ? kPushHint : kFetchHint;
    if (push)
        return deny(std::move(decision), 403, "git_push_denied",
                    "git push over HTTPS is never allowed", std::move(hint));
    return deny(std::move(decision), 403, "git_fetch_denied",
                "this route does not allow git fetch over HTTPS", std::move(hint));
}

const Route* PolicySnapshot::find(const Host& host) const noexcept {
    std::string_view name = host.text();
    if (const auto own = by_host_.find(name); own != by_host_.end()) return &routes_[own->second];
    if (host.is_ip() || by_parent_.empty()) return nullptr;
    for (auto dot = name.find('.'); dot != std::string_view::npos; dot = name.find('.')) {
        name.remove_prefix(dot + 1);
        const auto parent = by_parent_.find(name);
        if (parent != by_parent_.end()) return &routes_[parent->second];
    }
    return nullptr;
}

Decision PolicySnapshot::admit(const Authority& authority) const {
    Decision decision;
    decision.route = find(authority.host);
    if (decision.route == nullptr) {
        auto hint = routes_.empty()
                        ? std::string("this bottle has no routes at all")
                        : "allowed hosts: " +
                              listed(routes_, [](const Route& route) { return route.name(); });
        hint += kAsk;
        if (const auto gate = gate_hint(authority.host, {}); !gate.empty()) hint += "; " + gate;
        return deny(std::move(decision), 403, "host_not_allowed",
                    "no route names " + authority.host.text(), std::move(hint));
    }
    const Route& route = *decision.route;
    decision.route_index = static_cast<std::size_t>(decision.route - routes_.data());
    if (std::find(route.ports.begin(), route.ports.end(), authority.port) == route.ports.end()) {
        auto ports = listed(route.ports, [](std::uint16_t port) { return std::to_string(port); });
        return deny(std::move(decision), 403, "port_not_allowed",
                    "port " + std::to_string(authority.port) + " is not in the route of " +
                        authority.host.text(),
                    "allowed ports: " + ports);
    }
    decision.allowed = true;
    decision.status = 200;
    decision.rule = "route_allowed";
    return decision;
}

Decision PolicySnapshot::decide_connect(const Authority& authority) const {
    auto decision = admit(authority);
    if (decision.allowed && !decision.route->intercept) decision.rule = "route_tunnelled";
    return decision;
}

Decision PolicySnapshot::decide(const Request& request) const {
    auto decision = admit(request.authority);
    if (!decision.allowed) return decision;
    const Route& route = *decision.route;
    if (request.scheme == Scheme::kHttp && request.authority.port == kHttpsPort) {
        return deny(std::move(decision), 403, "scheme_not_allowed",
                    "plain http to port 443 would send the request in the clear", "use https");
    }

    const bool asterisk = request.target == "*" && request.method == "OPTIONS";
    const auto question = request.target.find('?');
    const auto query =
        question == std::string_view::npos ? std::string_view{} : request.target.substr(question);
    auto path = RoutePath::canonicalize(asterisk ? "/" : request.target.substr(0, question));
    if (!path) {
        return deny(std::move(decision), 400, "target_malformed", path.error().message,
                    path.error().hint);
    }
    if (!query.empty() && !http::is_target(query)) {
        return deny(std::move(decision), 400, "target_malformed",
                    "the query holds a byte that no query may hold", "percent-encode it");
    }

    const auto service = git_service(path->text(), query.empty() ? query : query.substr(1));
    if (service == GitService::kPush || (service == GitService::kFetch && !route.git_fetch)) {
        return deny_git(std::move(decision), service == GitService::kPush, request.authority.host,
                        path->text());
    }
    if (!allows_method(route, request.method)) {
        return deny(std::move(decision), 403, "method_not_allowed",
                    "the method is not in the route of " + route.name(), method_hint(route));
    }
    if (route.path_allowlist) {
        if (!path->ambiguity().empty()) {
            return deny(std::move(decision), 403, "path_ambiguous",
                        "the path holds " + std::string(path->ambiguity()) +
                            ", and only some paths of this host are allowed",
                        "write the path plainly; " + path_hint(route));
        }
        const bool under =
            std::any_of(route.path_allowlist->begin(), route.path_allowlist->end(),
                        [&path](const RoutePath& prefix) { return path->is_under(prefix); });
        if (!under || asterisk) {
            return deny(std::move(decision), 403, "path_not_allowed",
                        "the path is not in the route of " + route.name(), path_hint(route));
        }
    }
    if (asterisk) {
        decision.target = "*";
    } else {
        decision.target.reserve(path->text().size() + query.size());
        decision.target.append(path->text()).append(query);
    }
    return decision;
}

bool is_exempt(const Route& route, const IpAddress& address) noexcept {
    return std::any_of(route.ssrf_ip_allowlist.begin(), route.ssrf_ip_allowlist.end(),
                       [&address](const IpRange& range) { return range.contains(address); });
}

const ForbiddenRange* forbidden_for(const Route& route, const IpAddress& address) noexcept {
    return is_exempt(route, address) ? nullptr : forbidden_destination(address);
}

}  // namespace botbottle::policy
