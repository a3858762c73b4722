// See holds.h.
#include "egress/holds.h"

#include <sys/random.h>

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "egress/limits.h"

namespace botbottle::egress {

namespace {

std::string random_prefix() {
    std::array<unsigned char, 8> bytes{};
    // Without random numbers two processes would have one name, and would only answer each other's
    // questions with "no such hold".
    const ssize_t drawn = getrandom(bytes.data(), bytes.size(), 0);
    if (drawn < 0) bytes.fill(0);
    std::string text = "h";
    for (const unsigned char byte : bytes) {
        text += "0123456789abcdef"[byte >> 4U];
        text += "0123456789abcdef"[byte & 15U];
    }
    return text + '-';
}

}  // namespace

Holds::Holds() : prefix_(random_prefix()) {}

void Holds::set_tell(Tell tell) {
    const std::lock_guard lock(mutex_);
    tell_ = std::move(tell);
}

std::string Holds::ask(const HeldRequest& request, std::function<void(bool allowed)> answered) {
    const std::lock_guard lock(mutex_);
    if (!tell_ || waiting_.size() >= kMostHeld) return {};
    std::string name = prefix_ + std::to_string(++asked_);
    waiting_.emplace(name, std::move(answered));
    tell_("hold.asked", {{"hold", name},
                         {"rule", request.rule},
                         {"reason", request.reason},
                         {"method", request.method},
                         {"scheme", request.scheme},
                         {"authority", request.authority},
                         {"path", request.path},
                         {"seconds", kHoldTime.count()}});
    return name;
}

bool Holds::answer(const std::string& name, bool allowed) {
    std::function<void(bool)> answered;
    {
        const std::lock_guard lock(mutex_);
        const auto found = waiting_.find(name);
        if (found == waiting_.end()) return false;
        answered = std::move(found->second);
        waiting_.erase(found);
    }
    answered(allowed);
    return true;
}

void Holds::end(const std::string& name) {
    const std::lock_guard lock(mutex_);
    if (waiting_.erase(name) != 0 && tell_) tell_("hold.ended", {{"hold", name}});
}

}  // namespace botbottle::egress
