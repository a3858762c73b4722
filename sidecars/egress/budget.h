// Budgets: the most that a bottle, or one of its routes, may use in its life (egress.budget).
//
// What is taken is taken before it is used, and never beyond the limit, however many requests take
// at once: a transfer that would go over is cut off before the byte that would.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "policy/policy.h"

namespace botbottle::egress {

// What was used so far. Thread-safe.
class Usage {
  public:
    // Adds `amount` unless that would pass the limit. Without a limit it is counted all the same:
    // one may be set later.
    class Amount {
      public:
        bool take(std::uint64_t amount, const std::optional<std::uint64_t>& limit) noexcept;
        void give_back(std::uint64_t amount) noexcept {
            used_.fetch_sub(amount, std::memory_order_relaxed);
        }
        std::uint64_t get() const noexcept { return used_.load(std::memory_order_relaxed); }

      private:
        std::atomic<std::uint64_t> used_{0};
    };
    Amount requests;
    Amount bytes;
};

// The budgets that a route's requests draw on: the bottle's and its own.
class Allowance {
  public:
    Allowance() = default;
    Allowance(Usage& bottle, const policy::Budget& bottle_limit, Usage& route,
              const policy::Budget& route_limit, std::string route_name)
        : bottle_(&bottle),
          route_(&route),
          bottle_limit_(bottle_limit),
          route_limit_(route_limit),
          route_name_(std::move(route_name)) {}

    // A request whose head has that size. Takes from both budgets or from neither.
    bool take_request(std::uint64_t head_size) const noexcept;
    bool take_bytes(std::uint64_t amount) const noexcept;

    // Which budget is used up, for the denial; asked after a refusal.
    std::string what_is_used_up() const;

  private:
    Usage* bottle_ = nullptr;
    Usage* route_ = nullptr;
    policy::Budget bottle_limit_;
    policy::Budget route_limit_;
    std::string route_name_;
};

inline constexpr std::string_view kBudgetRule = "budget_exhausted";
inline constexpr std::string_view kBudgetHint =
    "the operator can raise `budget` in the bottle's file; asking again does not help";

}  // namespace botbottle::egress
