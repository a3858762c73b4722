// Rules: what a request is judged and served by, as one immutable value: the policy with its
// secrets filled in. Workers swap it as a whole; a request keeps the one that admitted it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/secret.h"
#include "egress/budget.h"
#include "egress/redactor.h"
#include "egress/scanner_pool.h"
#include "egress/stats.h"
#include "policy/credential.h"
#include "policy/policy.h"
#include "tls/client_context.h"
#include "tls/trust_store.h"

namespace botbottle::egress {

using Secrets = std::map<std::string, Secret>;

// Why a slot has no value on purpose, and what the operator does about it.
struct Absence {
    std::string reason;
    std::string hint;
};
using Absences = std::map<std::string, Absence>;

// What origins are verified against. The context is made at the first use, since it waits for the
// system's roots. Thread-safe.
class UpstreamTrust {
  public:
    UpstreamTrust(const tls::SystemRoots& roots, std::string extra_pem)
        : roots_(roots), extra_pem_(std::move(extra_pem)) {}

    const std::string& extra_pem() const noexcept { return extra_pem_; }
    const Result<std::shared_ptr<const tls::ClientContext>>& context();

  private:
    const tls::SystemRoots& roots_;
    const std::string extra_pem_;
    std::once_flag once_;
    Result<std::shared_ptr<const tls::ClientContext>> context_;
};

// How one route is served; by the route's index in the policy.
struct RouteService {
    std::string name;        // the route's, as the policy writes it
    std::string slot;        // empty: no credential
    std::string problem;     // why the credential cannot be put on; empty: it can
    std::string hint;        // what the operator does about it
    bool withdrawn = false;  // it had one, which is good no longer
    // How the credential goes on: in a header or in the query.
    std::optional<policy::CredentialHeader> credential;
    std::optional<policy::CredentialParameter> parameter;
    Allowance allowance;
    std::vector<RedactionPattern> redactions;
    RouteCounters* counters = nullptr;
};

struct Rules {
    // Rises with every swap. Connections to origins are not reused across it.
    std::uint64_t generation = 0;
    std::shared_ptr<const policy::PolicySnapshot> policy;
    std::vector<RouteService> services;
    std::shared_ptr<UpstreamTrust> trust;
    Secret proxy_authorization;  // the header's value; empty: none
    ScanTables scan;
};

// A secret that may be set: no control bytes, so that no header can be split by it.
Result<void> check_secret(std::string_view value);

// `previous` may be null; what it holds and did not change is shared.
Result<std::shared_ptr<const Rules>> make_rules(
    std::shared_ptr<const policy::PolicySnapshot> policy, const Secrets& secrets,
    const Absences& absences, const ScanTables& scan, const tls::SystemRoots& roots, Stats& stats,
    const Rules* previous);

// Every secret that the egress holds, in all of its spellings; null when there is none.
Result<std::shared_ptr<const scan::OwnValues>> own_values_of(const Secrets& secrets);

}  // namespace botbottle::egress
