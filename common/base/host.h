// Host and Authority: one spelling of a name, so that what policy decides on, what is resolved,
// what a certificate names and what is sent are the same bytes.
//
// A Host is an ASCII DNS name (lower case, no trailing dot; A-labels for international names), an
// IPv4 address in four decimal parts, or an IPv6 address in brackets in RFC 5952 form. Protocols
// carry nothing else; a name that a person wrote in another script goes through host_from_unicode
// (idna.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/ip_address.h"

namespace botbottle {

class Host {
  public:
    // Refused: empty or over-long names and labels, user info, ports, zone ids, control bytes,
    // percent escapes, non-ASCII, and every inet_aton spelling of an address (127.1, 0x7f.1,
    // 2130706433, 0177.0.0.1): a name whose last label is a number is an address, and must be
    // written as one.
    static Result<Host> parse(std::string_view text);
    explicit Host(const IpAddress& address);

    const std::string& text() const noexcept { return text_; }
    bool is_ip() const noexcept { return address_.has_value(); }
    const std::optional<IpAddress>& address() const noexcept { return address_; }

    bool operator==(const Host& other) const noexcept { return text_ == other.text_; }
    auto operator<=>(const Host& other) const noexcept { return text_ <=> other.text_; }

  private:
    Host() = default;
    std::string text_;
    std::optional<IpAddress> address_;
};

struct Authority {
    Host host;
    std::uint16_t port;

    // "host", "host:port", "[v6]:port". Without a port `default_port` is taken; 0 means that the
    // port is required (CONNECT). A port is 1-65535 in decimal without leading zeros; an empty one
    // ("host:") is refused.
    static Result<Authority> parse(std::string_view text, std::uint16_t default_port);

    std::string text() const;  // always with the port
    // As a Host header carries it: without the port when it is the scheme's own.
    std::string text_for(std::uint16_t default_port) const;

    bool operator==(const Authority&) const noexcept = default;
};

}  // namespace botbottle

template <>
struct std::hash<botbottle::Host> {
    std::size_t operator()(const botbottle::Host& host) const noexcept {
        return std::hash<std::string>{}(host.text());
    }
};
