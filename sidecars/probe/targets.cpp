#include "probe/targets.h"

#include <arpa/inet.h>

#include <charconv>
#include <cstdint>
#include <set>

namespace botbottle::probe {

bool Targets::add(const std::string& argument) {
    static const std::set<std::string> kKinds = {"host-tcp",     "host-tcp6",   "host-udp",
                                                 "abstract",     "host-socket", "host-file",
                                                 "host-process", "proxy",       "unlisted"};
    const auto equals = argument.find('=');
    if (equals == std::string::npos || kKinds.count(argument.substr(0, equals)) == 0) return false;
    values_.emplace(argument.substr(0, equals), argument.substr(equals + 1));
    return true;
}

std::vector<std::string> Targets::all(const std::string& kind) const {
    std::vector<std::string> found;
    const auto range = values_.equal_range(kind);
    for (auto value = range.first; value != range.second; ++value)
        found.push_back(value->second);
    return found;
}

std::string Targets::one(const std::string& kind, const std::string& otherwise) const {
    const auto found = values_.find(kind);
    return found == values_.end() ? otherwise : found->second;
}

std::optional<Endpoint> parse_endpoint(const std::string& text) {
    const auto colon = text.rfind(':');
    if (colon == std::string::npos || colon == 0) return std::nullopt;
    std::uint16_t port = 0;
    const char* const end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data() + colon + 1, end, port);
    if (parsed.ec != std::errc() || parsed.ptr != end || port == 0) return std::nullopt;
    Endpoint endpoint;
    endpoint.text = text;
    if (text[0] == '[') {
        auto& v6 = reinterpret_cast<sockaddr_in6&>(endpoint.address);
        v6.sin6_family = AF_INET6;
        v6.sin6_port = htons(port);
        endpoint.size = sizeof v6;
        if (inet_pton(AF_INET6, text.substr(1, colon - 2).c_str(), &v6.sin6_addr) != 1)
            return std::nullopt;
    } else {
        auto& v4 = reinterpret_cast<sockaddr_in&>(endpoint.address);
        v4.sin_family = AF_INET;
        v4.sin_port = htons(port);
        endpoint.size = sizeof v4;
        if (inet_pton(AF_INET, text.substr(0, colon).c_str(), &v4.sin_addr) != 1)
            return std::nullopt;
    }
    return endpoint;
}

}  // namespace botbottle::probe
