// Hosts are read byte by byte, never by a resolver or a URL library: what they would mend is
// refused here.
#include "base/host.h"

#include <algorithm>
#include <charconv>

#include "base/bytes.h"

namespace botbottle {
namespace {

// RFC 1035 2.3.4, without the root label's byte.
constexpr std::size_t kLongestName = 253;
constexpr std::size_t kLongestLabel = 63;

tl::unexpected<Error> bad_host(const char* message, const char* hint = "") {
    return failure("invalid_host", message, hint);
}

// As the WHATWG URL standard tells numbers from names: such a host is an address to inet_aton.
bool is_number(std::string_view label) {
    if (label.starts_with("0x")) {
        label.remove_prefix(2);
        return std::all_of(label.begin(), label.end(), [](char c) { return hex_value(c) >= 0; });
    }
    return std::all_of(label.begin(), label.end(), is_digit);
}

Result<void> check_label(std::string_view label) {
    if (label.empty()) return bad_host("the host name has an empty label");
    if (label.size() > kLongestLabel) {
        return bad_host("a label of the host name is longer than 63 characters");
    }
    if (label.front() == '-' || label.back() == '-') {
        return bad_host("a label of the host name begins or ends with a hyphen");
    }
    return {};
}

// Lower-cases, and refuses each byte that no DNS name holds by what it most likely is.
Result<std::string> lower_case_name(std::string_view text) {
    std::string name;
    name.reserve(text.size());
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c >= 'A' && c <= 'Z') {
            name.push_back(static_cast<char>(c - 'A' + 'a'));
        } else if ((c >= 'a' && c <= 'z') || is_digit(c) || c == '-' || c == '_' || c == '.') {
            name.push_back(c);
        } else if (byte >= 0x80) {
            return bad_host("the host name is not ASCII",
                            "write international names as A-labels (xn--…)");
        } else if (byte < 0x20 || byte == 0x7f) {
            return bad_host("the host name holds a control byte");
        } else if (c == '@') {
            return bad_host("a host may not carry user info", "leave out everything up to the @");
        } else if (c == ':') {
            return bad_host("a host name holds no colon",
                            "write IPv6 addresses in brackets, and ports apart");
        } else {
            return bad_host("the host name holds a character that no host name may hold");
        }
    }
    return name;
}

}  // namespace

Host::Host(const IpAddress& address)
    : text_(address.is_v4() ? address.text() : "[" + address.text() + "]"), address_(address) {}

Result<Host> Host::parse(std::string_view text) {
    if (text.empty()) return bad_host("the host is empty");
    if (text.front() == '[') {
        if (text.back() != ']') return bad_host("the bracket of the IPv6 address is not closed");
        const auto inner = text.substr(1, text.size() - 2);
        if (inner.find('%') != std::string_view::npos) {
            return bad_host("an IPv6 zone id is not allowed");
        }
        const auto address = IpAddress::parse(inner);
        if (!address || address->is_v4()) return bad_host("not an IPv6 address in brackets");
        return Host(*address);
    }

    if (text.size() > kLongestName + 1) return bad_host("the host name is too long");
    auto name = lower_case_name(text);
    if (!name) return tl::make_unexpected(name.error());
    const bool absolute = name->back() == '.';
    if (absolute) name->pop_back();
    if (name->empty()) return bad_host("the host is empty");
    if (name->size() > kLongestName) return bad_host("the host name is too long");

    std::string_view last;
    for (std::string_view rest = *name;;) {
        const auto dot = rest.find('.');
        last = rest.substr(0, dot);
        if (auto checked = check_label(last); !checked) return tl::make_unexpected(checked.error());
        if (dot == std::string_view::npos) break;
        rest.remove_prefix(dot + 1);
    }
    Host host;
    if (is_number(last)) {
        const auto address = IpAddress::parse(*name);
        if (!address || absolute) {
            return bad_host("this spelling of an IP address is not allowed",
                            "write four decimal numbers without leading zeros, as in 192.0.2.1");
        }
        host.address_ = *address;
    }
    host.text_ = std::move(*name);
    return host;
}

Result<Authority> Authority::parse(std::string_view text, std::uint16_t default_port) {
    // Colons inside the brackets belong to the address.
    const auto after_brackets = text.starts_with('[') ? text.find(']') : 0;
    const auto colon =
        text.find(':', after_brackets == std::string_view::npos ? 0 : after_brackets);
    auto host = Host::parse(text.substr(0, colon));
    if (!host) return tl::make_unexpected(host.error());
    if (colon == std::string_view::npos) {
        if (default_port == 0) return failure("invalid_port", "the port is missing");
        return Authority{std::move(*host), default_port};
    }
    const auto digits = text.substr(colon + 1);
    std::uint16_t port = 0;
    const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (code != std::errc{} || end != digits.data() + digits.size() || digits.front() == '0') {
        return failure("invalid_port", "the port is not a decimal number from 1 to 65535");
    }
    return Authority{std::move(*host), port};
}

std::string Authority::text() const {
    return host.text() + ":" + std::to_string(port);
}

std::string Authority::text_for(std::uint16_t default_port) const {
    return port == default_port ? host.text() : text();
}

}  // namespace botbottle
