// The live numbers of this process. Counters are relaxed atomics: each is exact, together they are
// not a snapshot.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "egress/budget.h"

namespace botbottle::egress {

class Counter {
  public:
    void add(std::uint64_t amount = 1) noexcept {
        value_.fetch_add(amount, std::memory_order_relaxed);
    }
    void subtract_one() noexcept { value_.fetch_sub(1, std::memory_order_relaxed); }
    std::uint64_t get() const noexcept { return value_.load(std::memory_order_relaxed); }

  private:
    std::atomic<std::uint64_t> value_{0};
};

struct RouteCounters {
    Counter requests;
    Counter denied;
    Counter bytes_up;
    Counter bytes_down;
    Usage usage;
};

struct Stats {
    Counter allowed;
    Counter denied;
    Counter caught;  // by the scanner, in a head or later
    Counter bytes_up;
    Counter bytes_down;
    Counter connections_open;
    Counter connections_total;
    Counter requests_open;
    Counter upstream_connects;
    Counter upstream_reused;
    Usage usage;  // of the bottle
    const std::chrono::steady_clock::time_point started = std::chrono::steady_clock::now();

    // The counters of a host's route; they outlive the policy that made them.
    RouteCounters& route(const std::string& host);

    // The result of the control method `stats`.
    nlohmann::json to_json(bool audit_healthy) const;

    // The same in the text format of Prometheus, for the control method `metrics`.
    std::string to_prometheus(bool audit_healthy) const;

  private:
    mutable std::mutex mutex_;
    std::map<std::string, std::unique_ptr<RouteCounters>> routes_;
};

}  // namespace botbottle::egress
