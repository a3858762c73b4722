// PolicySnapshot: what one bottle may reach, as an immutable value, and the decision on one
// request.
//
// A snapshot is made from the document that docs/control-protocol.md ("Policy") describes, as a
// whole or not at all, and shared as shared_ptr<const>: it is swapped, never changed, and safe to
// read from any number of threads. A policy without routes denies everything.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/error.h"
#include "base/host.h"
#include "base/ip_address.h"
#include "base/route_path.h"

namespace botbottle::policy {

// How a route's credential is put on. The value itself is in a slot, which someone else holds.
struct Auth {
    enum class Scheme : std::uint8_t { kBearer, kToken, kBasic, kHeader, kQuery };
    Scheme scheme = Scheme::kBearer;
    std::string slot;
    std::string username;     // kBasic
    std::string header_name;  // kHeader: as written; else "Authorization"
    std::string prefix;       // kHeader, may be empty
    std::string parameter;    // kQuery: the parameter's name, unreserved characters only
    bool cookies = false;     // what the origin sets reaches the agent, and comes back
};

// The most that a bottle, or one of its routes, may use in its life; none: no limit.
struct Budget {
    std::optional<std::uint64_t> requests;
    std::optional<std::uint64_t> bytes;  // of payload, both directions together
};

// What is done about a secret in a request.
enum class Dlp : std::uint8_t { kBlock, kHold, kOff };

struct Route {
    Host host;
    // Stands for every name with one or more labels below `host`, and never for `host` itself.
    bool any_below = false;
    std::vector<std::uint16_t> ports;
    std::optional<std::vector<std::string>> methods;       // none: every registered method
    std::optional<std::vector<RoutePath>> path_allowlist;  // none: every path
    std::optional<Auth> auth;
    std::vector<IpRange> ssrf_ip_allowlist;
    bool git_fetch = false;
    bool intercept = true;  // false: tunnelled without decrypting
    bool websocket = true;
    Dlp dlp = Dlp::kBlock;  // kOff where nothing is decrypted
    Budget budget;
    std::string owner;  // "bottle", "provider:<id>" or "grant:<id>"

    // As the document writes it: "*.example.com" for the names below a host.
    std::string name() const { return any_below ? "*." + host.text() : host.text(); }
};

struct UpstreamProxy {
    Host host;
    std::uint16_t port;
    std::string username;       // empty: no authentication
    std::string password_slot;  // set with `username`
};

struct Upstream {
    std::optional<UpstreamProxy> proxy;
    std::string ca;  // PEM, trusted besides the system's roots; empty: none
};

// A repo that the bottle's git-gate opens, so that who asks for it here can be told the way.
struct GitRepo {
    Host host;
    std::string path;     // as in its URL, without ".git": "/me/project"
    std::string address;  // in the bottle: "http://127.0.0.1:9420/project.git"
};

enum class Scheme : std::uint8_t { kHttp, kHttps };

struct Request {
    Scheme scheme = Scheme::kHttps;
    const Authority& authority;
    std::string_view method;
    std::string_view target;  // path and query as received, or "*"
};

struct Decision {
    bool allowed = false;
    int status = 403;              // to answer with when denied: 400 or 403
    std::string_view rule;         // static: "route_allowed", "host_not_allowed", …
    std::string reason;            // for the model and the operator; empty when allowed
    std::string hint;              // what would be allowed, or what to do next
    const Route* route = nullptr;  // the host's route, also when it denies; lives in the snapshot
    std::size_t route_index = 0;   // of `route`
    std::string target;            // canonical path and query: what is sent; empty when denied
};

class PolicySnapshot {
  public:
    // An error names the member: "routes[3].host: …".
    static Result<std::shared_ptr<const PolicySnapshot>> from_json(const nlohmann::json& document);
    // The same document again; credentials are slot names.
    nlohmann::json to_json() const;

    // The whole decision on one request, after its tunnel (if any) was admitted.
    Decision decide(const Request& request) const;
    // Host and port alone, for CONNECT: before a certificate is minted or a name resolved. An
    // allowed tunnel of a route that does not intercept has the rule "route_tunnelled".
    Decision decide_connect(const Authority& authority) const;

    std::uint64_t revision() const noexcept { return revision_; }
    const std::vector<Route>& routes() const noexcept { return routes_; }
    const Upstream& upstream() const noexcept { return upstream_; }
    // What is looked for besides the built-in kinds; the scanner's notation.
    const std::string& scan_rules() const noexcept { return scan_rules_; }
    const Budget& budget() const noexcept { return budget_; }
    const std::vector<GitRepo>& git_repos() const noexcept { return git_repos_; }
    // The route that stands for that host, or null: the host's own, else the wildcard with the most
    // labels.
    const Route* find(const Host& host) const noexcept;

    PolicySnapshot(const PolicySnapshot&) = delete;
    PolicySnapshot& operator=(const PolicySnapshot&) = delete;

  private:
    PolicySnapshot() = default;

    Decision admit(const Authority& authority) const;
    Decision deny_git(Decision decision, bool push, const Host& host, std::string_view path) const;
    std::string gate_hint(const Host& host, std::string_view path) const;

    std::uint64_t revision_ = 0;
    std::vector<Route> routes_;
    Upstream upstream_;
    std::string scan_rules_;
    Budget budget_;
    std::vector<GitRepo> git_repos_;
    // Views into routes_.
    std::unordered_map<std::string_view, std::size_t> by_host_;
    std::unordered_map<std::string_view, std::size_t> by_parent_;  // routes with any_below
};

// Whether the route's ssrf_ip_allowlist names it.
bool is_exempt(const Route& route, const IpAddress& address) noexcept;

// The range that forbids dialling `address` for this route, or null: the common deny list, less
// what the route's own ssrf_ip_allowlist exempts.
const ForbiddenRange* forbidden_for(const Route& route, const IpAddress& address) noexcept;

}  // namespace botbottle::policy
