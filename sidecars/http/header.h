// Header fields: a name and a value that lie in someone else's buffer, and a number for each name
// that some rule knows.
//
// Names are classified once, when they are parsed; every later rule (framing, hop-by-hop,
// credentials) compares numbers. `_` counts as `-`, because origins that follow CGI cannot tell
// them apart: what is stripped as `x-api-key` must not pass as `X_API_KEY`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace botbottle::http {

enum class HeaderId : std::uint8_t {
    kOther,
    // framing and routing
    kHost,
    kContentLength,
    kTransferEncoding,
    kExpect,
    // hop-by-hop
    kConnection,
    kKeepAlive,
    kProxy,  // Proxy-<anything> but Proxy-Authorization
    kTe,
    kTrailer,
    kUpgrade,
    kHttp2Settings,
    // credentials
    kAuthorization,
    kProxyAuthorization,
    kXApiKey,
    kApiKey,
    kXGoogApiKey,
    kPrivateToken,
    kJobToken,
    kXAuthToken,
    kCookie,
    kSetCookie,
    kWwwAuthenticate,
    // what would change the request after it was judged
    kXHttpMethodOverride,
    kXHttpMethod,
    kXMethodOverride,
    kXOriginalUrl,
    kXRewriteUrl,
    // where the request came from
    kVia,
    kForwarded,
    kXForwarded,  // X-Forwarded and X-Forwarded-<anything>
    kXRealIp,
    // content and caching
    kContentEncoding,
    kContentType,
    kContentOther,  // Content-<anything>
    kCacheControl,
    kRange,
    kLocation,
};

struct HeaderField {
    std::string_view name;   // as received; not empty, a token
    std::string_view value;  // without the white space around it; no CR, LF, NUL or other control
    HeaderId id = HeaderId::kOther;

    HeaderField() = default;
    HeaderField(std::string_view field_name, std::string_view field_value);
    HeaderField(std::string_view field_name, std::string_view field_value,
                HeaderId field_id) noexcept
        : name(field_name), value(field_value), id(field_id) {}
};

using HeaderFields = std::vector<HeaderField>;

HeaderId classify(std::string_view name) noexcept;

// ASCII only; `_` and `-` are different here.
bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept;
// As above, with `_` and `-` the same: for deciding what must not reach an origin.
bool same_header(std::string_view a, std::string_view b) noexcept;

bool is_token(std::string_view text) noexcept;
// How many bytes at the front of `text` are token bytes.
std::size_t token_size(std::string_view text) noexcept;
// No control byte but HTAB; what keeps a value inside its line.
bool is_field_value(std::string_view text) noexcept;
// No byte that a request target may not hold (RFC 3986, and "[" and "]").
bool is_target(std::string_view text) noexcept;

// The first field of that id, or null.
const HeaderField* find(const HeaderFields& fields, HeaderId id) noexcept;

// Calls `visit(std::string_view)` for each non-empty member of a comma separated list.
template <typename Visit>
void for_each_list_member(std::string_view list, Visit&& visit) {
    while (!list.empty()) {
        const auto comma = list.find(',');
        auto member = list.substr(0, comma);
        list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
        while (!member.empty() && (member.front() == ' ' || member.front() == '\t'))
            member.remove_prefix(1);
        while (!member.empty() && (member.back() == ' ' || member.back() == '\t'))
            member.remove_suffix(1);
        if (!member.empty()) visit(member);
    }
}

}  // namespace botbottle::http
