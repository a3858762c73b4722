// See budget.h.
#include "egress/budget.h"

namespace botbottle::egress {

namespace {

// Near to its limit is used up, too: what did not fit was larger than what is left.
std::string describe(std::string_view whose, std::string_view unit, std::uint64_t used,
                     std::uint64_t limit) {
    return "the budget of " + std::string(whose) + " is used up: " + std::to_string(used) + " of " +
           std::to_string(limit) + " " + std::string(unit);
}

}  // namespace

bool Usage::Amount::take(std::uint64_t amount, const std::optional<std::uint64_t>& limit) noexcept {
    if (!limit) {
        used_.fetch_add(amount, std::memory_order_relaxed);
        return true;
    }
    std::uint64_t used = used_.load(std::memory_order_relaxed);
    do {
        if (used > *limit || amount > *limit - used) return false;
    } while (!used_.compare_exchange_weak(used, used + amount, std::memory_order_relaxed));
    return true;
}

bool Allowance::take_request(std::uint64_t head_size) const noexcept {
    if (!bottle_->requests.take(1, bottle_limit_.requests)) return false;
    if (!route_->requests.take(1, route_limit_.requests)) {
        bottle_->requests.give_back(1);
        return false;
    }
    if (take_bytes(head_size)) return true;
    bottle_->requests.give_back(1);
    route_->requests.give_back(1);
    return false;
}

bool Allowance::take_bytes(std::uint64_t amount) const noexcept {
    if (!bottle_->bytes.take(amount, bottle_limit_.bytes)) return false;
    if (route_->bytes.take(amount, route_limit_.bytes)) return true;
    bottle_->bytes.give_back(amount);
    return false;
}

std::string Allowance::what_is_used_up() const {
    const auto is_out = [](const Usage::Amount& used, const std::optional<std::uint64_t>& limit) {
        return limit && used.get() >= *limit;
    };
    if (is_out(route_->requests, route_limit_.requests))
        return describe(route_name_, "requests", route_->requests.get(), *route_limit_.requests);
    if (is_out(bottle_->requests, bottle_limit_.requests))
        return describe("the bottle", "requests", bottle_->requests.get(), *bottle_limit_.requests);
    if (route_limit_.bytes &&
        (!bottle_limit_.bytes ||
         *route_limit_.bytes - route_->bytes.get() <= *bottle_limit_.bytes - bottle_->bytes.get()))
        return describe(route_name_, "bytes", route_->bytes.get(), *route_limit_.bytes);
    if (bottle_limit_.bytes)
        return describe("the bottle", "bytes", bottle_->bytes.get(), *bottle_limit_.bytes);
    return "the budget is used up";
}

}  // namespace botbottle::egress
