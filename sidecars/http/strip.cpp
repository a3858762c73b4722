// What is removed, as tables of ids; see strip.h for why.
#include "http/strip.h"

#include <algorithm>
#include <vector>

namespace botbottle::http {
namespace {

bool is_framing(HeaderId id) noexcept {
    return id == HeaderId::kContentLength || id == HeaderId::kTransferEncoding;
}

bool is_hop_by_hop(HeaderId id) noexcept {
    switch (id) {
        case HeaderId::kConnection:
        case HeaderId::kKeepAlive:
        case HeaderId::kProxy:
        case HeaderId::kTe:
        case HeaderId::kTrailer:
        case HeaderId::kUpgrade:
        case HeaderId::kHttp2Settings:
            return true;
        default:
            return false;
    }
}

bool is_credential(HeaderId id) noexcept {
    switch (id) {
        case HeaderId::kAuthorization:
        case HeaderId::kProxyAuthorization:
        case HeaderId::kXApiKey:
        case HeaderId::kApiKey:
        case HeaderId::kXGoogApiKey:
        case HeaderId::kPrivateToken:
        case HeaderId::kJobToken:
        case HeaderId::kXAuthToken:
            return true;
        default:
            return false;
    }
}

// Frameworks read these instead of the method or the path that policy judged.
bool is_override(HeaderId id) noexcept {
    switch (id) {
        case HeaderId::kXHttpMethodOverride:
        case HeaderId::kXHttpMethod:
        case HeaderId::kXMethodOverride:
        case HeaderId::kXOriginalUrl:
        case HeaderId::kXRewriteUrl:
            return true;
        default:
            return false;
    }
}

bool is_trace(HeaderId id) noexcept {
    switch (id) {
        case HeaderId::kVia:
        case HeaderId::kForwarded:
        case HeaderId::kXForwarded:
        case HeaderId::kXRealIp:
            return true;
        default:
            return false;
    }
}

// End-to-end fields whose removal would change what the message means.
bool is_protected(HeaderId id) noexcept {
    switch (id) {
        case HeaderId::kHost:
        case HeaderId::kContentEncoding:
        case HeaderId::kContentType:
        case HeaderId::kContentOther:
        case HeaderId::kCookie:
        case HeaderId::kSetCookie:
        case HeaderId::kCacheControl:
        case HeaderId::kRange:
        case HeaderId::kLocation:
        case HeaderId::kWwwAuthenticate:
            return true;
        default:
            return false;
    }
}

// The fields that Connection makes hop-by-hop. Nearly always none: its usual members are removed
// anyway.
std::vector<std::string_view> named_by_connection(const HeaderFields& fields) {
    std::vector<std::string_view> names;
    for (const auto& field : fields) {
        if (field.id != HeaderId::kConnection) continue;
        for_each_list_member(field.value, [&names](std::string_view member) {
            const auto id = classify(member);
            const bool usual = is_hop_by_hop(id) || equal_ignoring_case(member, "close");
            if (!usual && !is_protected(id)) names.push_back(member);
        });
    }
    return names;
}

bool contains(const std::vector<std::string_view>& names, std::string_view name) noexcept {
    return std::any_of(names.begin(), names.end(),
                       [name](std::string_view named) { return same_header(named, name); });
}

bool has_trailers_member(std::string_view te) {
    bool found = false;
    for_each_list_member(te, [&found](std::string_view member) {
        found |= equal_ignoring_case(member, "trailers");
    });
    return found;
}

}  // namespace

std::size_t strip_request(HeaderFields& fields, const RequestStripping& rules) {
    const auto named = named_by_connection(fields);
    std::size_t credentials = 0;
    bool kept_te = false;
    std::erase_if(fields, [&](HeaderField& field) {
        if (is_credential(field.id) || (!rules.credential_header.empty() &&
                                        same_header(field.name, rules.credential_header))) {
            ++credentials;
            return true;
        }
        if (field.id == HeaderId::kTe && rules.keep_te_trailers && !kept_te &&
            has_trailers_member(field.value)) {
            field.value = "trailers";
            kept_te = true;
            return false;
        }
        return is_framing(field.id) || is_hop_by_hop(field.id) || is_override(field.id) ||
               is_trace(field.id) || field.id == HeaderId::kHost || field.id == HeaderId::kExpect ||
               contains(named, field.name);
    });
    return credentials;
}

void strip_cookies(HeaderFields& fields) {
    std::erase_if(fields, [](const HeaderField& field) {
        return field.id == HeaderId::kCookie || field.id == HeaderId::kSetCookie;
    });
}

void strip_response(HeaderFields& fields) {
    const auto named = named_by_connection(fields);
    std::erase_if(fields, [&](const HeaderField& field) {
        return is_framing(field.id) || is_hop_by_hop(field.id) || contains(named, field.name);
    });
}

void strip_trailers(HeaderFields& fields, std::string_view credential_header) {
    std::erase_if(fields, [credential_header](const HeaderField& field) {
        return field.id != HeaderId::kOther ||
               (!credential_header.empty() && same_header(field.name, credential_header));
    });
}

}  // namespace botbottle::http
