// Server: the workers, and the rules that they serve by. The control thread's view of the egress.
#pragma once

#include <functional>
#include <future>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/secret.h"
#include "control/descriptor.h"
#include "egress/rules.h"
#include "egress/shared.h"
#include "egress/worker.h"

namespace botbottle::egress {

struct ServerSettings {
    control::Descriptor listener;
    control::Descriptor audit_file;
    std::size_t workers = 1;
};

struct StartParameters {
    std::shared_ptr<const policy::PolicySnapshot> policy;
    Secrets secrets;
    std::string ca_certificate;
    Secret ca_private_key;
};

// All members are called on the control thread.
class Server {
  public:
    explicit Server(ServerSettings settings);

    Result<void> start(StartParameters parameters);
    bool started() const noexcept { return !workers_.empty(); }

    // Both swap the rules as a whole, or change nothing.
    Result<void> replace_policy(std::shared_ptr<const policy::PolicySnapshot> policy);
    Result<void> set_secret(const std::string& slot, Secret value);
    Result<void> withdraw_secret(const std::string& slot, Absence why);

    const policy::PolicySnapshot& policy() const noexcept { return *rules_->policy; }
    // Requests that wait for the operator.
    Holds& holds() noexcept { return shared_.holds; }

    nlohmann::json stats() const;
    std::string metrics() const;

    // No new connection and no new request from here on.
    void begin_drain();
    std::uint64_t open_requests() const noexcept { return shared_.stats.requests_open.get(); }

    // What is still to be written of the record, at the end of the process.
    void flush_audit();

  private:
    Result<void> publish(std::shared_ptr<const policy::PolicySnapshot> policy);
    Result<void> publish_secrets();

    ServerSettings settings_;
    Shared shared_;
    Secrets secrets_;
    Absences absences_;
    // Read while the first message is still on its way.
    std::shared_future<Result<std::shared_ptr<const scan::Rules>>> kinds_;
    ScanTables scan_;
    std::string scan_rules_;  // of the policy, and in `scan_`
    std::shared_ptr<const Rules> rules_;
    std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace botbottle::egress
