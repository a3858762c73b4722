// The deny list is a table of text, so that it can be compared with the registries line by line.
#include "base/ip_address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <vector>

namespace botbottle {
namespace {

// inet_pton of glibc and musl takes neither leading zeros nor fewer than four parts, nor zone ids.
constexpr std::size_t kLongestText = 45;

bool prefix_equals(const IpAddress::V6Bytes& a, const IpAddress::V6Bytes& b, int bits) noexcept {
    const auto whole = static_cast<std::size_t>(bits / 8);
    if (!std::equal(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(whole), b.begin()))
        return false;
    const int rest = bits % 8;
    if (rest == 0) return true;
    const auto mask = static_cast<std::uint8_t>(0xff << (8 - rest));
    return (a[whole] & mask) == (b[whole] & mask);
}

IpAddress::V6Bytes masked(const IpAddress::V6Bytes& bytes, int bits) noexcept {
    IpAddress::V6Bytes out{};
    for (int bit = 0; bit < bits; ++bit) {
        const auto index = static_cast<std::size_t>(bit / 8);
        const auto mask = static_cast<std::uint8_t>(0x80 >> (bit % 8));
        out[index] = static_cast<std::uint8_t>(out[index] | (bytes[index] & mask));
    }
    return out;
}

struct Row {
    ForbiddenRange shown;
    IpRange range;
};

// The first row that contains an address names it: single addresses stand before the ranges around
// them, the IPv6 remainder stands last.
const std::vector<Row>& forbidden_rows() {
    static const std::vector<Row> kRows = [] {
        constexpr ForbiddenRange kTable[] = {
            {"169.254.169.254/32", "cloud metadata"},
            {"100.100.100.200/32", "cloud metadata (Alibaba)"},
            {"168.63.129.16/32", "cloud control address (Azure)"},
            {"192.0.0.192/32", "cloud metadata (Oracle)"},
            {"fd00:ec2::254/128", "cloud metadata (AWS)"},
            {"255.255.255.255/32", "limited broadcast"},
            {"0.0.0.0/8", "this network"},
            {"10.0.0.0/8", "private network"},
            {"100.64.0.0/10", "carrier-grade NAT"},
            {"127.0.0.0/8", "loopback"},
            {"169.254.0.0/16", "link-local"},
            {"172.16.0.0/12", "private network"},
            {"192.0.0.0/24", "IETF protocol assignments"},
            {"192.0.2.0/24", "documentation"},
            {"192.88.99.0/24", "6to4 relay"},
            {"192.168.0.0/16", "private network"},
            {"198.18.0.0/15", "benchmarking"},
            {"198.51.100.0/24", "documentation"},
            {"203.0.113.0/24", "documentation"},
            {"224.0.0.0/4", "multicast"},
            {"240.0.0.0/4", "reserved"},
            {"::/128", "unspecified"},
            {"::1/128", "loopback"},
            {"::/96", "IPv4-compatible"},
            {"64:ff9b:1::/48", "local-use NAT64"},
            {"100::/64", "discard-only"},
            {"2001::/32", "Teredo"},
            {"2001::/23", "IETF protocol assignments"},
            {"2001:db8::/32", "documentation"},
            {"2002::/16", "6to4"},
            {"3fff::/20", "documentation"},
            {"5f00::/16", "segment routing"},
            {"fc00::/7", "unique local"},
            {"fe80::/10", "link-local"},
            {"fec0::/10", "site-local"},
            {"ff00::/8", "multicast"},
            {"::/3", "not global unicast"},
            {"4000::/2", "not global unicast"},
            {"8000::/1", "not global unicast"},
        };
        std::vector<Row> parsed;
        for (const auto& entry : kTable)
            parsed.push_back({entry, *IpRange::parse(entry.range)});
        return parsed;
    }();
    return kRows;
}

constexpr std::array<std::uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr std::array<std::uint8_t, 12> kNat64 = {0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0};
constexpr std::array<std::uint8_t, 2> k6to4 = {0x20, 0x02};

template <std::size_t N>
bool begins_with(const IpAddress::V6Bytes& bytes, const std::array<std::uint8_t, N>& prefix) {
    return std::equal(prefix.begin(), prefix.end(), bytes.begin());
}

// These forms are nothing but their IPv4 address; 6to4 has rules of its own besides.
bool is_only_v4(const IpAddress& address) noexcept {
    return !address.is_v4() &&
           (begins_with(address.v6_bytes(), kMapped) || begins_with(address.v6_bytes(), kNat64));
}

const ForbiddenRange* first_match(const IpAddress& address) noexcept {
    for (const auto& row : forbidden_rows()) {
        if (row.range.contains(address)) return &row.shown;
    }
    return nullptr;
}

}  // namespace

IpAddress::IpAddress(const V4Bytes& bytes) noexcept : is_v4_(true) {
    std::copy(bytes.begin(), bytes.end(), bytes_.begin());
}

IpAddress::IpAddress(const V6Bytes& bytes) noexcept : bytes_(bytes) {}

Result<IpAddress> IpAddress::parse(std::string_view text) {
    std::array<char, kLongestText + 1> terminated{};
    const bool fits =
        !text.empty() && text.size() <= kLongestText && text.find('\0') == std::string_view::npos;
    if (fits) {
        std::memcpy(terminated.data(), text.data(), text.size());
        V4Bytes v4;
        if (inet_pton(AF_INET, terminated.data(), v4.data()) == 1) return IpAddress(v4);
        V6Bytes v6;
        if (inet_pton(AF_INET6, terminated.data(), v6.data()) == 1) return IpAddress(v6);
    }
    return failure("invalid_ip_address", "not an IP address",
                   "write 192.0.2.1 (four decimal numbers, no leading zeros) or 2001:db8::1");
}

IpAddress::V4Bytes IpAddress::v4_bytes() const noexcept {
    return {bytes_[0], bytes_[1], bytes_[2], bytes_[3]};
}

std::string IpAddress::text() const {
    std::array<char, INET6_ADDRSTRLEN> buffer{};
    inet_ntop(is_v4_ ? AF_INET : AF_INET6, bytes_.data(), buffer.data(), buffer.size());
    return buffer.data();
}

std::optional<IpAddress> IpAddress::embedded_v4() const noexcept {
    if (is_v4_) return std::nullopt;
    if (is_only_v4(*this)) {
        return IpAddress(V4Bytes{bytes_[12], bytes_[13], bytes_[14], bytes_[15]});
    }
    if (begins_with(bytes_, k6to4)) {
        return IpAddress(V4Bytes{bytes_[2], bytes_[3], bytes_[4], bytes_[5]});
    }
    return std::nullopt;
}

IpRange::IpRange(const IpAddress& network, int prefix_bits) noexcept
    : network_(network), prefix_bits_(prefix_bits) {}

Result<IpRange> IpRange::parse(std::string_view text) {
    const auto slash = text.find('/');
    const auto address = IpAddress::parse(text.substr(0, slash));
    if (!address) return tl::make_unexpected(address.error());
    const int width = address->is_v4() ? 32 : 128;
    if (slash == std::string_view::npos) return IpRange(*address, width);

    const auto digits = text.substr(slash + 1);
    int bits = -1;
    const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
    const bool leading_zero = digits.size() > 1 && digits.front() == '0';
    if (code != std::errc{} || end != digits.data() + digits.size() || leading_zero || bits < 0 ||
        bits > width) {
        return failure("invalid_ip_range",
                       "the prefix length is not a number from 0 to " + std::to_string(width));
    }
    IpAddress network = *address;
    network.bytes_ = masked(address->bytes_, bits);
    if (network != *address) {
        return failure("invalid_ip_range", "there are bits set below the prefix length",
                       "write " + network.text() + "/" + std::to_string(bits));
    }
    return IpRange(network, bits);
}

bool IpRange::contains(const IpAddress& address) const noexcept {
    return address.is_v4_ == network_.is_v4_ &&
           prefix_equals(address.bytes_, network_.bytes_, prefix_bits_);
}

std::string IpRange::text() const {
    const int width = network_.is_v4() ? 32 : 128;
    if (prefix_bits_ == width) return network_.text();
    return network_.text() + "/" + std::to_string(prefix_bits_);
}

const ForbiddenRange* forbidden_destination(const IpAddress& address) noexcept {
    if (const auto inner = address.embedded_v4()) {
        const auto* range = first_match(*inner);
        if (range != nullptr || is_only_v4(address)) return range;
    }
    return first_match(address);
}

}  // namespace botbottle
