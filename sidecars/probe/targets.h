// Targets: what the host has set up for the attempts to reach, as `--target KIND=VALUE` says.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace botbottle::probe {

class Targets {
  public:
    // False when `argument` is not KIND=VALUE with a known kind.
    bool add(const std::string& argument);

    std::vector<std::string> all(const std::string& kind) const;
    std::string one(const std::string& kind, const std::string& otherwise) const;

  private:
    std::multimap<std::string, std::string> values_;
};

struct Endpoint {
    sockaddr_storage address = {};
    socklen_t size = 0;
    std::string text;
    int family() const { return address.ss_family; }
    const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&address); }
};

// "127.0.0.1:80" or "[::1]:80"; numeric only, since there must be no resolver.
std::optional<Endpoint> parse_endpoint(const std::string& text);

}  // namespace botbottle::probe
