// See rules.h.
#include "egress/rules.h"

#include <openssl/evp.h>

#include <algorithm>

#include "egress/limits.h"

namespace botbottle::egress {

namespace {

const Secret* find_secret(const Secrets& secrets, const std::string& slot) {
    const auto found = secrets.find(slot);
    return found == secrets.end() ? nullptr : &found->second;
}

// The value as it was given, and as the header carries it (Basic encodes it).
std::vector<RedactionPattern> redactions_for(std::string_view given, std::string_view header) {
    std::vector<RedactionPattern> patterns;
    const std::string_view carried = header.substr(header.rfind(' ') + 1);
    if (given.size() >= kMinRedacted) patterns.emplace_back(given);
    if (carried != given && carried.size() >= kMinRedacted) patterns.emplace_back(carried);
    return patterns;
}

RouteService make_service(const policy::Route& route, const policy::Budget& bottle_budget,
                          const Secrets& secrets, const Absences& absences, Stats& stats) {
    RouteService service;
    service.name = route.name();
    service.hint = "the operator must set it";
    service.counters = &stats.route(service.name);
    service.allowance =
        Allowance(stats.usage, bottle_budget, service.counters->usage, route.budget, service.name);
    if (!route.auth) return service;
    service.slot = route.auth->slot;
    const Secret* secret = find_secret(secrets, service.slot);
    if (secret == nullptr || secret->empty()) {
        service.problem = "the credential " + service.slot + " has no value";
        if (const auto known = absences.find(service.slot); known != absences.end()) {
            service.problem = "the credential " + service.slot + ' ' + known->second.reason;
            service.hint = known->second.hint;
            service.withdrawn = true;
        }
        return service;
    }
    if (route.auth->scheme == policy::Auth::Scheme::kQuery) {
        auto parameter = policy::credential_parameter(*route.auth, *secret);
        if (!parameter) {
            service.problem = parameter.error().message;
            return service;
        }
        service.redactions = redactions_for(secret->reveal(), parameter->value.reveal());
        service.parameter = std::move(*parameter);
        return service;
    }
    auto header = policy::credential_header(*route.auth, *secret);
    if (!header) {
        service.problem = header.error().message;
        return service;
    }
    service.redactions = redactions_for(secret->reveal(), header->value.reveal());
    service.credential = std::move(*header);
    return service;
}

Secret basic_authorization(const std::string& username, const Secret& password) {
    std::string plain = username + ':';
    plain += password.reveal();
    std::string text = "Basic ";
    const std::size_t prefix = text.size();
    text.resize(prefix + 4 * ((plain.size() + 2) / 3) + 1);
    const int encoded = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data() + prefix),
                                        reinterpret_cast<const unsigned char*>(plain.data()),
                                        static_cast<int>(plain.size()));
    text.resize(prefix + static_cast<std::size_t>(encoded));
    Secret value(text);
    wipe_memory(plain.data(), plain.size());
    wipe_memory(text.data(), text.size());
    return value;
}

}  // namespace

const Result<std::shared_ptr<const tls::ClientContext>>& UpstreamTrust::context() {
    std::call_once(once_, [&] {
        auto store = tls::make_store(roots_, extra_pem_);
        if (store)
            context_ = tls::ClientContext::create(std::move(*store));
        else
            context_ = tl::make_unexpected(store.error());
    });
    return context_;
}

Result<void> check_secret(std::string_view value) {
    const bool has_control = std::any_of(value.begin(), value.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte < 0x20 || byte == 0x7f;
    });
    if (has_control)
        return failure("secret_invalid", "the value holds a control character",
                       "a line end at the end of a file is the usual cause");
    return {};
}

Result<std::shared_ptr<const scan::OwnValues>> own_values_of(const Secrets& secrets) {
    auto own = scan::OwnValues::of_slots(secrets);
    if (own && (*own)->empty()) return std::shared_ptr<const scan::OwnValues>();
    return own;
}

Result<std::shared_ptr<const Rules>> make_rules(
    std::shared_ptr<const policy::PolicySnapshot> policy, const Secrets& secrets,
    const Absences& absences, const ScanTables& scan, const tls::SystemRoots& roots, Stats& stats,
    const Rules* previous) {
    const policy::Upstream& upstream = policy->upstream();
    auto rules = std::make_shared<Rules>();
    rules->generation = previous == nullptr ? 1 : previous->generation + 1;
    if (previous != nullptr && previous->trust->extra_pem() == upstream.ca) {
        rules->trust = previous->trust;
    } else {
        if (!upstream.ca.empty()) {
            if (auto readable = tls::check_certificates(upstream.ca); !readable)
                return failure("policy_invalid", "upstream.ca: " + readable.error().message);
        }
        rules->trust = std::make_shared<UpstreamTrust>(roots, upstream.ca);
    }
    if (upstream.proxy && !upstream.proxy->username.empty()) {
        const Secret* password = find_secret(secrets, upstream.proxy->password_slot);
        static const Secret no_password;
        rules->proxy_authorization = basic_authorization(
            upstream.proxy->username, password != nullptr ? *password : no_password);
    }
    for (const policy::Route& route : policy->routes())
        rules->services.push_back(make_service(route, policy->budget(), secrets, absences, stats));
    rules->policy = std::move(policy);
    rules->scan = scan;
    return std::shared_ptr<const Rules>(std::move(rules));
}

}  // namespace botbottle::egress
