// The policy document: read strictly, written back as it was. A reader stops at the first error and
// names the member by its path.
#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "http/header.h"
#include "policy/node.h"
#include "policy/policy.h"

namespace botbottle::policy {
namespace {

using nlohmann::json;

constexpr std::string_view kSchema = "botbottle.policy/1";
constexpr std::size_t kLongestMethod = 32;

// A document that was built rather than parsed holds signed numbers too.
std::optional<std::uint64_t> whole_number(const json& value) {
    if (value.is_number_unsigned()) return value.get<std::uint64_t>();
    if (!value.is_number_integer() || value.get<std::int64_t>() < 0) return std::nullopt;
    return static_cast<std::uint64_t>(value.get<std::int64_t>());
}

Result<std::uint16_t> port(const Node& node) {
    const auto number = whole_number(*node.value).value_or(0);
    if (number == 0 || number > std::numeric_limits<std::uint16_t>::max()) {
        return invalid(node.path, "must be a port number from 1 to 65535");
    }
    return static_cast<std::uint16_t>(number);
}

Result<Host> canonical_host(const Node& node) {
    const auto written = text(node);
    if (!written) return tl::make_unexpected(written.error());
    auto host = Host::parse(*written);
    if (!host) return invalid(node.path, host.error());
    if (host->text() != *written) {
        return invalid(node.path, "is not in canonical form", "write " + host->text());
    }
    return host;
}

// RFC 9110 9.1: methods are case-sensitive, so `get` would never match anything.
Result<std::string> method(const Node& node) {
    auto name = text(node);
    if (!name) return name;
    const bool lower =
        std::any_of(name->begin(), name->end(), [](char c) { return c >= 'a' && c <= 'z'; });
    if (!http::is_token(*name) || lower || name->size() > kLongestMethod) {
        return invalid(node.path, "must be a method in upper case, of at most 32 characters");
    }
    if (*name == "CONNECT" || *name == "TRACE") {
        return invalid(node.path, *name + " is never allowed");
    }
    return name;
}

Result<RoutePath> path_prefix(const Node& node) {
    const auto written = text(node);
    if (!written) return tl::make_unexpected(written.error());
    auto prefix = RoutePath::parse_prefix(*written);
    if (!prefix) return invalid(node.path, prefix.error());
    return prefix;
}

Result<IpRange> ip_range(const Node& node) {
    const auto written = text(node);
    if (!written) return tl::make_unexpected(written.error());
    auto range = IpRange::parse(*written);
    if (!range) return invalid(node.path, range.error());
    return range;
}

// RFC 7617: the first colon ends the user name.
Result<std::string> username(const Node& node) {
    auto name = non_empty_text(node);
    if (name && (!http::is_field_value(*name) || name->find(':') != std::string::npos)) {
        return invalid(node.path, "must not hold a colon or a control byte");
    }
    return name;
}

// Fields that the proxy writes itself, or that end at the next hop, cannot carry a credential.
bool may_carry_credential(std::string_view name) {
    if (!http::is_token(name)) return false;
    switch (http::classify(name)) {
        case http::HeaderId::kHost:
        case http::HeaderId::kContentLength:
        case http::HeaderId::kTransferEncoding:
        case http::HeaderId::kExpect:
        case http::HeaderId::kConnection:
        case http::HeaderId::kKeepAlive:
        case http::HeaderId::kProxy:
        case http::HeaderId::kProxyAuthorization:
        case http::HeaderId::kTe:
        case http::HeaderId::kTrailer:
        case http::HeaderId::kUpgrade:
        case http::HeaderId::kHttp2Settings:
            return false;
        default:
            return true;
    }
}

struct SchemeName {
    Auth::Scheme scheme;
    std::string_view name;
};
constexpr SchemeName kSchemes[] = {{Auth::Scheme::kBearer, "Bearer"},
                                   {Auth::Scheme::kToken, "token"},
                                   {Auth::Scheme::kBasic, "Basic"},
                                   {Auth::Scheme::kHeader, "header"},
                                   {Auth::Scheme::kQuery, "query"}};

Result<Auth::Scheme> auth_scheme(const Node& node) {
    const auto written = text(node);
    if (!written) return tl::make_unexpected(written.error());
    for (const auto& row : kSchemes) {
        if (row.name == *written) return row.scheme;
    }
    return invalid(node.path, "must be Bearer, token, Basic, header or query");
}

Result<void> read_header_auth(const Node& node, Auth& auth) {
    auto name = text_member(node, "name");
    if (!name) return tl::make_unexpected(name.error());
    if (!may_carry_credential(*name)) {
        return invalid(member_path(node.path, "name"),
                       "is not a header that can carry a credential");
    }
    auto prefix = optional_text_member(node, "prefix");
    if (!prefix) return tl::make_unexpected(prefix.error());
    if (!http::is_field_value(*prefix) || prefix->starts_with(' ') || prefix->ends_with(' ')) {
        return invalid(member_path(node.path, "prefix"),
                       "must not hold control bytes, or spaces around it");
    }
    auth.header_name = std::move(*name);
    auth.prefix = std::move(*prefix);
    return {};
}

// RFC 3986 2.3: a name with one spelling.
bool is_unreserved(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '.' || c == '_' || c == '~';
    });
}

Result<void> read_query_auth(const Node& node, Auth& auth) {
    auto name = text_member(node, "name");
    if (!name) return tl::make_unexpected(name.error());
    if (!is_unreserved(*name)) {
        return invalid(member_path(node.path, "name"),
                       "must hold letters, digits, '-', '.', '_' and '~' only");
    }
    auth.parameter = std::move(*name);
    return {};
}

Result<bool> flag(const Node& parent, std::string_view name, bool absent) {
    const auto node = optional_member(parent, name);
    return node ? boolean(*node) : Result<bool>(absent);
}

Result<Auth> read_auth(const Node& node) {
    if (!node.value->is_object()) return invalid(node.path, "must be an object");
    const auto scheme = member(node, "scheme").and_then(auth_scheme);
    if (!scheme) return tl::make_unexpected(scheme.error());
    Auth auth;
    auth.scheme = *scheme;
    auto slot = text_member(node, "slot");
    if (!slot) return tl::make_unexpected(slot.error());
    auth.slot = std::move(*slot);
    const auto cookies = flag(node, "cookies", false);
    if (!cookies) return tl::make_unexpected(cookies.error());
    auth.cookies = *cookies;

    Result<void> shape = expect_object(node, {"scheme", "slot", "cookies"});
    if (auth.scheme == Auth::Scheme::kBasic) {
        shape = expect_object(node, {"scheme", "slot", "cookies", "username"});
        auto name = member(node, "username").and_then(username);
        if (!name) return tl::make_unexpected(name.error());
        auth.username = std::move(*name);
    } else if (auth.scheme == Auth::Scheme::kHeader) {
        shape = expect_object(node, {"scheme", "slot", "cookies", "name", "prefix"});
        if (auto read = read_header_auth(node, auth); !read)
            return tl::make_unexpected(read.error());
    } else if (auth.scheme == Auth::Scheme::kQuery) {
        shape = expect_object(node, {"scheme", "slot", "cookies", "name"});
        if (auto read = read_query_auth(node, auth); !read)
            return tl::make_unexpected(read.error());
    }
    if (!shape) return tl::make_unexpected(shape.error());
    return auth;
}

Result<bool> read_git_fetch(const Node& route) {
    const auto git = optional_member(route, "git");
    if (!git) return false;
    if (auto shape = expect_object(*git, {"fetch"}); !shape) {
        return tl::make_unexpected(shape.error());
    }
    const auto fetch = optional_member(*git, "fetch");
    return fetch ? boolean(*fetch) : Result<bool>(false);
}

Result<std::string> read_owner(const Node& route) {
    const auto node = optional_member(route, "owner");
    if (!node) return std::string("bottle");
    auto owner = text(*node);
    if (!owner || *owner == "bottle") return owner;
    for (const std::string_view kind : {"provider:", "grant:"}) {
        if (owner->starts_with(kind) && owner->size() > kind.size()) return owner;
    }
    return invalid(node->path, "must be bottle, provider:<id> or grant:<id>");
}

// Left out: whatever can be scanned is.
Result<Dlp> read_dlp(const Node& route, bool intercept) {
    const auto node = optional_member(route, "dlp");
    if (!node) return intercept ? Dlp::kBlock : Dlp::kOff;
    const auto written = text(*node);
    if (!written) return tl::make_unexpected(written.error());
    if (*written == "off") return Dlp::kOff;
    if (*written != "block" && *written != "hold")
        return invalid(node->path, "must be block, hold or off");
    if (!intercept)
        return invalid(node->path,
                       "needs to see the requests, and intercept: false leaves them encrypted");
    return *written == "hold" ? Dlp::kHold : Dlp::kBlock;
}

Result<std::optional<std::uint64_t>> optional_amount(const Node& parent, std::string_view name) {
    const auto node = optional_member(parent, name);
    if (!node) return std::optional<std::uint64_t>();
    const auto number = whole_number(*node->value);
    if (!number || *number == 0) return invalid(node->path, "must be a number above 0");
    return number;
}

Result<Budget> read_budget(const Node& parent) {
    const auto node = optional_member(parent, "budget");
    if (!node) return Budget{};
    if (auto shape = expect_object(*node, {"requests", "bytes"}); !shape) {
        return tl::make_unexpected(shape.error());
    }
    auto requests = optional_amount(*node, "requests");
    if (!requests) return tl::make_unexpected(requests.error());
    auto bytes = optional_amount(*node, "bytes");
    if (!bytes) return tl::make_unexpected(bytes.error());
    return Budget{*requests, *bytes};
}

// "*.example.com", with one label or more in place of the star; or an exact name.
Result<Host> route_host(const Node& node, bool& any_below) {
    constexpr std::string_view kBelow = "*.";
    const auto written = text(node);
    if (!written) return tl::make_unexpected(written.error());
    any_below = written->starts_with(kBelow);
    if (!any_below) return canonical_host(node);
    const json parent(written->substr(kBelow.size()));
    auto host = canonical_host({&parent, node.path});
    if (host && host->is_ip()) return invalid(node.path, "nothing is below an IP address");
    return host;
}

// What is not decrypted is judged by host, port, server name and byte counts alone.
Result<void> check_tunnelled(const Node& node, const Route& route) {
    if (route.intercept) return {};
    const std::pair<std::string_view, bool> needs_to_see[] = {
        {"auth", route.auth.has_value()},
        {"methods", route.methods.has_value()},
        {"path_allowlist", route.path_allowlist.has_value()},
        {"git", route.git_fetch}};
    for (const auto& [name, is_set] : needs_to_see) {
        if (is_set)
            return invalid(member_path(node.path, name),
                           "needs to see the requests, and intercept: false leaves them encrypted");
    }
    return {};
}

Result<Route> read_route(const Node& node) {
    if (auto shape = expect_object(
            node, {"host", "ports", "methods", "path_allowlist", "auth", "ssrf_ip_allowlist", "git",
                   "intercept", "websocket", "dlp", "budget", "owner"});
        !shape) {
        return tl::make_unexpected(shape.error());
    }
    bool any_below = false;
    auto host = member(node, "host").and_then([&any_below](const Node& found) {
        return route_host(found, any_below);
    });
    if (!host) return tl::make_unexpected(host.error());
    auto ports = member(node, "ports").and_then([](const Node& found) {
        return non_empty_list(found, port);
    });
    if (!ports) return tl::make_unexpected(ports.error());
    auto methods = optional_list(node, "methods", method);
    if (!methods) return tl::make_unexpected(methods.error());
    auto paths = optional_list(node, "path_allowlist", path_prefix);
    if (!paths) return tl::make_unexpected(paths.error());
    const auto git_fetch = read_git_fetch(node);
    if (!git_fetch) return tl::make_unexpected(git_fetch.error());
    auto owner = read_owner(node);
    if (!owner) return tl::make_unexpected(owner.error());

    const auto intercept = flag(node, "intercept", true);
    if (!intercept) return tl::make_unexpected(intercept.error());
    const auto websocket = flag(node, "websocket", true);
    if (!websocket) return tl::make_unexpected(websocket.error());
    const auto dlp = read_dlp(node, *intercept);
    if (!dlp) return tl::make_unexpected(dlp.error());
    const auto budget = read_budget(node);
    if (!budget) return tl::make_unexpected(budget.error());

    Route route{.host = std::move(*host),
                .any_below = any_below,
                .ports = std::move(*ports),
                .methods = std::move(*methods),
                .path_allowlist = std::move(*paths),
                .auth = std::nullopt,
                .ssrf_ip_allowlist = {},
                .git_fetch = *git_fetch,
                .intercept = *intercept,
                .websocket = *websocket,
                .dlp = *dlp,
                .budget = *budget,
                .owner = std::move(*owner)};
    if (const auto exempt = optional_member(node, "ssrf_ip_allowlist")) {
        auto ranges = list(*exempt, ip_range);  // empty is usual here
        if (!ranges) return tl::make_unexpected(ranges.error());
        route.ssrf_ip_allowlist = std::move(*ranges);
    }
    if (const auto written = optional_member(node, "auth")) {
        auto auth = read_auth(*written);
        if (!auth) return tl::make_unexpected(auth.error());
        route.auth = std::move(*auth);
    }
    if (auto possible = check_tunnelled(node, route); !possible) {
        return tl::make_unexpected(possible.error());
    }
    return route;
}

Result<UpstreamProxy> read_proxy(const Node& node) {
    if (auto shape = expect_object(node, {"host", "port", "username", "password_slot"}); !shape) {
        return tl::make_unexpected(shape.error());
    }
    auto host = member(node, "host").and_then(canonical_host);
    if (!host) return tl::make_unexpected(host.error());
    const auto number = member(node, "port").and_then(port);
    if (!number) return tl::make_unexpected(number.error());
    auto slot = optional_text_member(node, "password_slot");
    if (!slot) return tl::make_unexpected(slot.error());
    UpstreamProxy proxy{std::move(*host), *number, {}, std::move(*slot)};
    if (const auto written = optional_member(node, "username")) {
        auto name = username(*written);
        if (!name) return tl::make_unexpected(name.error());
        proxy.username = std::move(*name);
    }
    if (proxy.username.empty() != proxy.password_slot.empty()) {
        return invalid(node.path, "username and password_slot stand together or not at all");
    }
    return proxy;
}

Result<Upstream> read_upstream(const Node& document) {
    Upstream upstream;
    const auto node = optional_member(document, "upstream");
    if (!node) return upstream;
    if (auto shape = expect_object(*node, {"proxy", "ca"}); !shape) {
        return tl::make_unexpected(shape.error());
    }
    if (const auto written = optional_member(*node, "proxy")) {
        auto proxy = read_proxy(*written);
        if (!proxy) return tl::make_unexpected(proxy.error());
        upstream.proxy = std::move(*proxy);
    }
    auto ca = optional_text_member(*node, "ca");
    if (!ca) return tl::make_unexpected(ca.error());
    upstream.ca = std::move(*ca);
    return upstream;
}

Result<GitRepo> read_git_repo(const Node& node) {
    if (auto shape = expect_object(node, {"host", "path", "address"}); !shape) {
        return tl::make_unexpected(shape.error());
    }
    auto host = member(node, "host").and_then(canonical_host);
    if (!host) return tl::make_unexpected(host.error());
    auto path = text_member(node, "path");
    if (!path) return tl::make_unexpected(path.error());
    auto address = text_member(node, "address");
    if (!address) return tl::make_unexpected(address.error());
    return GitRepo{std::move(*host), std::move(*path), std::move(*address)};
}

Result<std::uint64_t> read_revision(const Node& node) {
    const auto number = whole_number(*node.value);
    if (!number) return invalid(node.path, "must be a number that is not negative");
    return *number;
}

json to_json(const Auth& auth) {
    json out = {{"slot", auth.slot}};
    for (const auto& row : kSchemes) {
        if (row.scheme == auth.scheme) out["scheme"] = row.name;
    }
    if (auth.scheme == Auth::Scheme::kBasic) out["username"] = auth.username;
    if (auth.scheme == Auth::Scheme::kHeader) {
        out["name"] = auth.header_name;
        if (!auth.prefix.empty()) out["prefix"] = auth.prefix;
    }
    if (auth.scheme == Auth::Scheme::kQuery) out["name"] = auth.parameter;
    if (auth.cookies) out["cookies"] = true;
    return out;
}

template <typename Items>
json texts(const Items& items) {
    json out = json::array();
    for (const auto& item : items)
        out.push_back(item.text());
    return out;
}

json to_json(const Budget& budget) {
    const auto amount = [](const std::optional<std::uint64_t>& value) {
        return value ? json(*value) : json();
    };
    if (!budget.requests && !budget.bytes) return {};
    return {{"requests", amount(budget.requests)}, {"bytes", amount(budget.bytes)}};
}

const char* dlp_word(Dlp dlp) {
    if (dlp == Dlp::kHold) return "hold";
    return dlp == Dlp::kBlock ? "block" : "off";
}

json to_json(const Route& route) {
    return {{"host", route.name()},
            {"ports", route.ports},
            {"methods", route.methods ? json(*route.methods) : json()},
            {"path_allowlist", route.path_allowlist ? texts(*route.path_allowlist) : json()},
            {"auth", route.auth ? to_json(*route.auth) : json()},
            {"ssrf_ip_allowlist", texts(route.ssrf_ip_allowlist)},
            {"git", {{"fetch", route.git_fetch}}},
            {"intercept", route.intercept},
            {"websocket", route.websocket},
            {"dlp", dlp_word(route.dlp)},
            {"budget", to_json(route.budget)},
            {"owner", route.owner}};
}

json to_json(const UpstreamProxy& proxy) {
    json out = {{"host", proxy.host.text()}, {"port", proxy.port}};
    if (!proxy.username.empty()) {
        out["username"] = proxy.username;
        out["password_slot"] = proxy.password_slot;
    }
    return out;
}

}  // namespace

Result<std::shared_ptr<const PolicySnapshot>> PolicySnapshot::from_json(const json& document) {
    const Node root{&document, ""};
    if (auto shape = expect_object(root, {"schema", "revision", "routes", "budget", "upstream",
                                          "scan_rules", "git_repos"});
        !shape) {
        return tl::make_unexpected(shape.error());
    }
    const auto schema = text_member(root, "schema");
    if (!schema) return tl::make_unexpected(schema.error());
    if (*schema != kSchema) return invalid("schema", "must be " + std::string(kSchema));
    const auto revision = member(root, "revision").and_then(read_revision);
    if (!revision) return tl::make_unexpected(revision.error());
    auto routes =
        member(root, "routes").and_then([](const Node& node) { return list(node, read_route); });
    if (!routes) return tl::make_unexpected(routes.error());
    auto upstream = read_upstream(root);
    if (!upstream) return tl::make_unexpected(upstream.error());
    auto scan_rules = optional_text_member(root, "scan_rules");
    if (!scan_rules) return tl::make_unexpected(scan_rules.error());
    const auto budget = read_budget(root);
    if (!budget) return tl::make_unexpected(budget.error());

    auto git_repos = optional_list(root, "git_repos", read_git_repo);
    if (!git_repos) return tl::make_unexpected(git_repos.error());

    const std::shared_ptr<PolicySnapshot> snapshot(new PolicySnapshot);
    snapshot->revision_ = *revision;
    snapshot->routes_ = std::move(*routes);
    snapshot->upstream_ = std::move(*upstream);
    snapshot->scan_rules_ = std::move(*scan_rules);
    snapshot->budget_ = *budget;
    if (*git_repos) snapshot->git_repos_ = std::move(**git_repos);
    snapshot->by_host_.reserve(snapshot->routes_.size());
    for (std::size_t i = 0; i < snapshot->routes_.size(); ++i) {
        const Route& route = snapshot->routes_[i];
        auto& index = route.any_below ? snapshot->by_parent_ : snapshot->by_host_;
        const auto [other, added] = index.emplace(route.host.text(), i);
        if (!added) {
            return invalid(member_path(item_path("routes", i), "host"),
                           "stands already in " + item_path("routes", other->second));
        }
    }
    return snapshot;
}

json PolicySnapshot::to_json() const {
    json routes = json::array();
    for (const auto& route : routes_)
        routes.push_back(policy::to_json(route));
    json repos = json::array();
    for (const auto& repo : git_repos_)
        repos.push_back(
            {{"host", repo.host.text()}, {"path", repo.path}, {"address", repo.address}});
    return {{"schema", kSchema},
            {"revision", revision_},
            {"routes", std::move(routes)},
            {"git_repos", repos.empty() ? json() : std::move(repos)},
            {"budget", policy::to_json(budget_)},
            {"upstream",
             {{"proxy", upstream_.proxy ? policy::to_json(*upstream_.proxy) : json()},
              {"ca", upstream_.ca.empty() ? json() : json(upstream_.ca)}}},
            {"scan_rules", scan_rules_.empty() ? json() : json(scan_rules_)}};
}

}  // namespace botbottle::policy
