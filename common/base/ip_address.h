// IpAddress and IpRange: addresses as values, and the ranges that no bottle may reach.
//
// Text is read strictly: IPv4 is four decimal numbers without leading zeros (the other spellings
// that inet_aton takes are how SSRF filters are passed: CVE-2021-29923, CVE-2021-28918), IPv6 is
// RFC 4291 text without a zone id. It is written as RFC 5952 says, so equal addresses have equal
// text.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace botbottle {

class IpAddress {
  public:
    using V4Bytes = std::array<std::uint8_t, 4>;
    using V6Bytes = std::array<std::uint8_t, 16>;

    // "192.0.2.1" or "2001:db8::1"; no brackets, no zone id.
    static Result<IpAddress> parse(std::string_view text);

    // Bytes in network order, as in sockaddr_in and sockaddr_in6.
    explicit IpAddress(const V4Bytes& bytes) noexcept;
    explicit IpAddress(const V6Bytes& bytes) noexcept;

    bool is_v4() const noexcept { return is_v4_; }
    V4Bytes v4_bytes() const noexcept;                           // only when is_v4()
    const V6Bytes& v6_bytes() const noexcept { return bytes_; }  // only when !is_v4()
    std::string text() const;

    // The IPv4 address that a packet to this address would end at: IPv4-mapped ::ffff:0:0/96, NAT64
    // 64:ff9b::/96 (RFC 6052) and 6to4 2002::/16 (RFC 3056).
    std::optional<IpAddress> embedded_v4() const noexcept;

    auto operator<=>(const IpAddress&) const noexcept = default;

  private:
    friend class IpRange;
    V6Bytes bytes_{};  // IPv4 in the first four bytes, the rest zero
    bool is_v4_ = false;
};

class IpRange {
  public:
    // "10.0.0.0/8", or one address. Bits below the prefix must be zero: "10.0.0.1/8" could mean two
    // things, so it is refused.
    static Result<IpRange> parse(std::string_view text);

    IpRange(const IpAddress& network, int prefix_bits) noexcept;

    // Addresses of the other family are never contained; see IpAddress::embedded_v4.
    bool contains(const IpAddress& address) const noexcept;
    std::string text() const;

    bool operator==(const IpRange&) const noexcept = default;

  private:
    IpAddress network_;
    int prefix_bits_ = 0;
};

// One row of the deny list. Both views are static.
struct ForbiddenRange {
    std::string_view range;  // "169.254.0.0/16"
    std::string_view name;   // "link-local, cloud metadata"
};

// The range that makes `address` one that is never dialled (IANA special-purpose registries, RFC
// 6890, and the control addresses of clouds that lie in public space), or null. An address that
// embeds an IPv4 address is judged by both.
const ForbiddenRange* forbidden_destination(const IpAddress& address) noexcept;

}  // namespace botbottle
