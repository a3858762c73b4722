// Byte classes and the table of known names. Everything here is on the path of every field of every
// request: tables and loops that the compiler turns into vector code, no locale, no allocation.
#include "http/header.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "base/bytes.h"

namespace botbottle::http {
namespace {

// RFC 9110 5.6.2.
constexpr std::array<bool, 256> kTokenBytes = [] {
    std::array<bool, 256> table{};
    for (const char c : std::string_view(
             "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-.^_`|~")) {
        table[static_cast<unsigned char>(c)] = true;
    }
    return table;
}();

bool is_token_byte(char c) noexcept {
    return kTokenBytes[static_cast<unsigned char>(c)];
}

constexpr std::array<char, 256> kLower = [] {
    std::array<char, 256> table{};
    for (std::size_t i = 0; i < table.size(); ++i) {
        const bool upper = i >= 'A' && i <= 'Z';
        table[i] = static_cast<char>(upper ? i - 'A' + 'a' : i);
    }
    return table;
}();

constexpr std::array<char, 256> kFolded = [] {
    auto table = kLower;
    table['_'] = '-';
    return table;
}();

bool equal_by(const std::array<char, 256>& fold, std::string_view a, std::string_view b) noexcept {
    return a.size() == b.size() &&
           std::equal(a.begin(), a.end(), b.begin(), [&fold](char x, char y) {
               return fold[static_cast<unsigned char>(x)] == fold[static_cast<unsigned char>(y)];
           });
}

struct KnownName {
    std::string_view name;
    HeaderId id;
};

// By length, so that a name is compared with few others.
constexpr KnownName kKnown[] = {
    {"te", HeaderId::kTe},
    {"via", HeaderId::kVia},
    {"host", HeaderId::kHost},
    {"range", HeaderId::kRange},
    {"expect", HeaderId::kExpect},
    {"cookie", HeaderId::kCookie},
    {"cookie2", HeaderId::kCookie},  // RFC 2965, obsolete
    {"api-key", HeaderId::kApiKey},
    {"trailer", HeaderId::kTrailer},
    {"upgrade", HeaderId::kUpgrade},
    {"location", HeaderId::kLocation},
    {"x-api-key", HeaderId::kXApiKey},
    {"job-token", HeaderId::kJobToken},
    {"forwarded", HeaderId::kForwarded},
    {"x-real-ip", HeaderId::kXRealIp},
    {"connection", HeaderId::kConnection},
    {"keep-alive", HeaderId::kKeepAlive},
    {"set-cookie", HeaderId::kSetCookie},
    {"set-cookie2", HeaderId::kSetCookie},
    {"x-auth-token", HeaderId::kXAuthToken},
    {"content-type", HeaderId::kContentType},
    {"private-token", HeaderId::kPrivateToken},
    {"authorization", HeaderId::kAuthorization},
    {"x-http-method", HeaderId::kXHttpMethod},
    {"x-rewrite-url", HeaderId::kXRewriteUrl},
    {"cache-control", HeaderId::kCacheControl},
    {"x-goog-api-key", HeaderId::kXGoogApiKey},
    {"content-length", HeaderId::kContentLength},
    {"x-original-url", HeaderId::kXOriginalUrl},
    {"http2-settings", HeaderId::kHttp2Settings},
    {"content-encoding", HeaderId::kContentEncoding},
    {"www-authenticate", HeaderId::kWwwAuthenticate},
    {"x-method-override", HeaderId::kXMethodOverride},
    {"transfer-encoding", HeaderId::kTransferEncoding},
    {"proxy-authorization", HeaderId::kProxyAuthorization},
    {"x-http-method-override", HeaderId::kXHttpMethodOverride},
};
constexpr std::size_t kLongestKnown = 22;

// kFirst[n] is where the names of n bytes begin; kFirst[n + 1] is where they end.
constexpr std::array<std::uint8_t, kLongestKnown + 2> kFirst = [] {
    std::array<std::uint8_t, kLongestKnown + 2> first{};
    std::size_t row = 0;
    for (std::size_t size = 0; size < first.size(); ++size) {
        while (row < std::size(kKnown) && kKnown[row].name.size() < size)
            ++row;
        first[size] = static_cast<std::uint8_t>(row);
    }
    return first;
}();

HeaderId classify_by_prefix(std::string_view name) noexcept {
    const auto begins = [name](std::string_view prefix) {
        return name.size() >= prefix.size() && same_header(name.substr(0, prefix.size()), prefix);
    };
    switch (kFolded[static_cast<unsigned char>(name.front())]) {
        case 'p':
            return begins("proxy-") ? HeaderId::kProxy : HeaderId::kOther;
        case 'c':
            return begins("content-") ? HeaderId::kContentOther : HeaderId::kOther;
        case 'x':
            return same_header(name, "x-forwarded") || begins("x-forwarded-")
                       ? HeaderId::kXForwarded
                       : HeaderId::kOther;
        default:
            return HeaderId::kOther;
    }
}

}  // namespace

HeaderField::HeaderField(std::string_view field_name, std::string_view field_value)
    : HeaderField(field_name, field_value, classify(field_name)) {}

HeaderId classify(std::string_view name) noexcept {
    if (name.empty()) return HeaderId::kOther;
    if (name.size() <= kLongestKnown) {
        for (auto row = kFirst[name.size()]; row < kFirst[name.size() + 1]; ++row) {
            if (same_header(name, kKnown[row].name)) return kKnown[row].id;
        }
    }
    return classify_by_prefix(name);
}

bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
    return equal_by(kLower, a, b);
}

bool same_header(std::string_view a, std::string_view b) noexcept {
    return equal_by(kFolded, a, b);
}

bool is_token(std::string_view text) noexcept {
    return !text.empty() && std::all_of(text.begin(), text.end(), is_token_byte);
}

bool is_field_value(std::string_view text) noexcept {
    std::uint8_t bad = 0;  // no early exit: the loop vectorizes
    for (const char c : text) {
        const auto byte = static_cast<std::uint8_t>(c);
        const bool control = byte < 0x20 && byte != '\t';
        bad = static_cast<std::uint8_t>(bad | static_cast<std::uint8_t>(control) |
                                        static_cast<std::uint8_t>(byte == 0x7f));
    }
    return bad == 0;
}

bool is_target(std::string_view text) noexcept {
    return !text.empty() && std::all_of(text.begin(), text.end(), is_target_byte);
}

std::size_t token_size(std::string_view text) noexcept {
    std::size_t size = 0;
    while (size < text.size() && is_token_byte(text[size]))
        ++size;
    return size;
}

const HeaderField* find(const HeaderFields& fields, HeaderId id) noexcept {
    const auto found = std::find_if(fields.begin(), fields.end(),
                                    [id](const HeaderField& field) { return field.id == id; });
    return found == fields.end() ? nullptr : &*found;
}

}  // namespace botbottle::http
