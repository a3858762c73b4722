// The negative probe: whether anything beyond this machine answers it without a sidecar.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace botbottle::machine {

// Addresses that answered, each as text for people; empty is what must be. Returns within about a
// second. `more`: further ADDRESS:PORT (or [ADDRESS]:PORT) to try by TCP.
std::vector<std::string> answering(const std::vector<std::string>& more);

// The routes in /proc/net/route and ipv6_route that lead out of the machine, for people.
std::vector<std::string> routes_out(std::string_view ipv4, std::string_view ipv6);

}  // namespace botbottle::machine
