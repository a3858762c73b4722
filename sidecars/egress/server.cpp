// See server.h.
#include "egress/server.h"

#include <fcntl.h>
#include <malloc.h>
#include <sys/resource.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "egress/limits.h"

namespace botbottle::egress {

namespace {

// Raises the descriptor limit as far as it goes. Each connection may need one more for its origin.
std::size_t connection_cap() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 256;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
    constexpr std::size_t reserved = 64;
    const std::size_t usable = std::max<std::size_t>(limit.rlim_cur, 4 * reserved) - reserved;
    return std::min(kMaxConnections, usable - std::min(usable / 4, kMaxTurnedAway));
}

Result<std::shared_ptr<const scan::Rules>> load_kinds(std::string_view added) {
    auto kinds = scan::Rules::load(added);
    // Where patterns are compiled, that takes many times the memory that they take afterwards.
    malloc_trim(0);
    return kinds;
}

}  // namespace

Server::Server(ServerSettings settings)
    : settings_(std::move(settings)),
      kinds_(std::async(std::launch::async, [] { return load_kinds({}); })) {}

Result<void> Server::start(StartParameters parameters) {
    auto log = audit::AuditLog::open(settings_.audit_file.get(), "egress");
    if (!log) return tl::make_unexpected(log.error());
    for (const auto& [slot, value] : parameters.secrets) {
        if (auto valid = check_secret(value.reveal()); !valid)
            return failure(valid.error().code, "secrets." + slot + ": " + valid.error().message,
                           valid.error().hint);
    }
    secrets_ = std::move(parameters.secrets);
    const auto& kinds = kinds_.get();
    if (!kinds) return tl::make_unexpected(kinds.error());
    auto own = own_values_of(secrets_);
    if (!own) return tl::make_unexpected(own.error());
    scan_ = {*kinds, std::move(*own)};
    if (auto published = publish(std::move(parameters.policy)); !published) return published;

    shared_.audit = std::move(*log);
    shared_.identity = std::make_unique<tls::ServerIdentity>(std::move(parameters.ca_certificate),
                                                             std::move(parameters.ca_private_key));
    shared_.max_connections = connection_cap();
    std::vector<std::unique_ptr<Worker>> workers;
    for (std::size_t i = 0; i < settings_.workers; ++i) {
        control::Descriptor listener(fcntl(settings_.listener.get(), F_DUPFD_CLOEXEC, 0));
        if (!listener) return failure("egress_start", "no descriptor for a worker's listener");
        workers.push_back(std::make_unique<Worker>(shared_, std::move(listener), rules_));
    }
    settings_.listener.reset();
    workers_ = std::move(workers);
    for (const auto& worker : workers_) {
        std::vector<Worker*> peers;
        for (const auto& other : workers_) {
            if (other != worker) peers.push_back(other.get());
        }
        worker->set_peers(std::move(peers));
    }
    for (const auto& worker : workers_)
        worker->start();
    return {};
}

Result<void> Server::publish(std::shared_ptr<const policy::PolicySnapshot> policy) {
    ScanTables scan = scan_;
    if (policy->scan_rules() != scan_rules_) {
        auto kinds = load_kinds(policy->scan_rules());
        if (!kinds) return tl::make_unexpected(kinds.error());
        scan.kinds = std::move(*kinds);
    }
    auto rules = make_rules(std::move(policy), secrets_, absences_, scan, shared_.system_roots,
                            shared_.stats, rules_.get());
    if (!rules) return tl::make_unexpected(rules.error());
    rules_ = std::move(*rules);
    scan_ = std::move(scan);
    scan_rules_ = rules_->policy->scan_rules();
    for (const auto& worker : workers_)
        worker->set_rules(rules_);
    return {};
}

// The scanner looks for a credential from the moment on from which it is put on.
Result<void> Server::publish_secrets() {
    auto own = own_values_of(secrets_);
    if (!own) return tl::make_unexpected(own.error());
    scan_.own = std::move(*own);
    return publish(rules_->policy);
}

Result<void> Server::replace_policy(std::shared_ptr<const policy::PolicySnapshot> policy) {
    return publish(std::move(policy));
}

Result<void> Server::set_secret(const std::string& slot, Secret value) {
    if (auto valid = check_secret(value.reveal()); !valid) return valid;
    secrets_.insert_or_assign(slot, std::move(value));
    absences_.erase(slot);
    auto published = publish_secrets();
    // One that is not scanned for is not used.
    if (!published) secrets_.erase(slot);
    return published;
}

Result<void> Server::withdraw_secret(const std::string& slot, Absence why) {
    secrets_.erase(slot);
    absences_.insert_or_assign(slot, std::move(why));
    return publish_secrets();
}

nlohmann::json Server::stats() const {
    return shared_.stats.to_json(shared_.audit->healthy());
}

std::string Server::metrics() const {
    return shared_.stats.to_prometheus(shared_.audit->healthy());
}

void Server::begin_drain() {
    shared_.draining.store(true, std::memory_order_relaxed);
    for (const auto& worker : workers_)
        worker->stop_accepting();
}

void Server::flush_audit() {
    if (shared_.audit) (void)shared_.audit->flush();
}

}  // namespace botbottle::egress
