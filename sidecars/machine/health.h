// What the backend must know of a machine before it lets an agent in.
#pragma once

#include <string>
#include <vector>

namespace botbottle::machine {

struct HealthCheck {
    std::string uid;                  // who must own the bottle's files
    std::vector<std::string> probes;  // further addresses that must not answer
    long timeout_ms = 10'000;         // for the bottle to answer
};

// One JSON object: {"ready", "failure", "loopback", "writable", "owner", "leaks": […], "sockets":
// n}
std::string health(const HealthCheck& check);

}  // namespace botbottle::machine
