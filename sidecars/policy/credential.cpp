// Every string that held a secret on the way is wiped before it is freed.
#include "policy/credential.h"

#include <algorithm>

#include "base/bytes.h"

namespace botbottle::policy {
namespace {

constexpr std::string_view kAuthorization = "Authorization";

bool is_control(char c) noexcept {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}
bool is_visible_ascii(char c) noexcept {
    return c > 0x20 && c < 0x7f;
}

tl::unexpected<Error> unusable(const Auth& auth, const char* why, const char* hint) {
    return failure("unusable_secret", "the credential " + auth.slot + " " + why, hint);
}

// A Secret of two parts; the memory that held them together is wiped.
Secret joined(std::string_view front, std::string_view back) {
    std::string text;
    text.reserve(front.size() + back.size());  // so that no shorter copy is left behind
    text.append(front).append(back);
    Secret secret(text);
    wipe_memory(text.data(), text.size());
    return secret;
}

std::string base64(std::string_view bytes) {
    constexpr std::string_view kAlphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    out.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const auto byte = [&](std::size_t at) {
            return at < bytes.size() ? static_cast<unsigned char>(bytes[at]) : 0u;
        };
        const unsigned group = byte(i) << 16 | byte(i + 1) << 8 | byte(i + 2);
        out.push_back(kAlphabet[group >> 18]);
        out.push_back(kAlphabet[group >> 12 & 63]);
        out.push_back(i + 1 < bytes.size() ? kAlphabet[group >> 6 & 63] : '=');
        out.push_back(i + 2 < bytes.size() ? kAlphabet[group & 63] : '=');
    }
    return out;
}

// A token goes into the header as it is; a password is encoded, so spaces and UTF-8 do no harm.
Result<void> check(const Auth& auth, std::string_view value) {
    if (value.empty()) {
        return unusable(auth, "is empty", "set the host variable that token_ref names");
    }
    if (std::any_of(value.begin(), value.end(), is_control)) {
        return unusable(auth, "holds a control byte", "a line end at the end is the usual cause");
    }
    if (auth.scheme == Auth::Scheme::kBasic || auth.scheme == Auth::Scheme::kQuery) return {};
    const bool token = auth.scheme != Auth::Scheme::kHeader;
    const bool plain = std::all_of(value.begin(), value.end(), [token](char c) {
        return is_visible_ascii(c) || (c == ' ' && !token);
    });
    if (!plain || value.front() == ' ' || value.back() == ' ') {
        return unusable(auth, "holds white space or a byte outside ASCII",
                        "check how the value was copied");
    }
    return {};
}

char lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

constexpr int kMostDecodings = 8;

// One round of percent decoding; false when there was nothing to decode.
bool decode(std::string& text) {
    bool decoded = false;
    std::string next;
    next.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool escape = text[i] == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 &&
                            hex_value(text[i + 2]) >= 0;
        next.push_back(escape
                           ? static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]))
                           : text[i]);
        if (escape) i += 2;
        decoded = decoded || escape;
    }
    text = std::move(next);
    return decoded;
}

// As the most lenient origin reads a name: without control bytes, blanks before it and what follows
// a bracket, in lower case; and to PHP '.' and blanks are '_'.
std::string folded(std::string text) {
    std::replace(text.begin(), text.end(), '+', ' ');
    std::erase_if(text, is_control);
    text.erase(0, std::min(text.find_first_not_of(' '), text.size()));
    text.resize(std::min(text.find('['), text.size()));
    std::transform(text.begin(), text.end(), text.begin(),
                   [](char c) { return c == '.' || c == ' ' ? '_' : lower(c); });
    return text;
}

// Whatever an origin that decodes more than once could take for `name`.
bool is_named(std::string_view written, std::string_view name) {
    std::string text(written);
    for (int round = 0; decode(text); ++round) {
        if (round == kMostDecodings) return true;
    }
    return folded(std::move(text)) == folded(std::string(name));
}

}  // namespace

std::string_view credential_header_name(const Auth& auth) noexcept {
    if (auth.scheme == Auth::Scheme::kQuery) return {};
    return auth.scheme == Auth::Scheme::kHeader ? std::string_view(auth.header_name)
                                                : kAuthorization;
}

Secret basic_credentials(std::string_view username, const Secret& password) {
    std::string front(username);
    front.push_back(':');
    const auto plain = joined(front, password.reveal());
    auto encoded = base64(plain.reveal());
    auto credentials = joined("Basic ", encoded);
    wipe_memory(encoded.data(), encoded.size());
    return credentials;
}

Result<CredentialHeader> credential_header(const Auth& auth, const Secret& secret) {
    const auto value = secret.reveal();
    if (auto usable = check(auth, value); !usable) return tl::make_unexpected(usable.error());
    std::string name(credential_header_name(auth));
    switch (auth.scheme) {
        case Auth::Scheme::kBearer:
            return CredentialHeader{std::move(name), joined("Bearer ", value)};
        case Auth::Scheme::kToken:
            return CredentialHeader{std::move(name), joined("token ", value)};
        case Auth::Scheme::kBasic:
            return CredentialHeader{std::move(name), basic_credentials(auth.username, secret)};
        case Auth::Scheme::kQuery:
            return unusable(auth, "goes into the query, not into a header", "");
        case Auth::Scheme::kHeader:
            break;
    }
    const auto front = auth.prefix.empty() ? std::string() : auth.prefix + " ";
    return CredentialHeader{std::move(name), joined(front, value)};
}

Result<CredentialParameter> credential_parameter(const Auth& auth, const Secret& secret) {
    const auto value = secret.reveal();
    if (auto usable = check(auth, value); !usable) return tl::make_unexpected(usable.error());
    constexpr std::string_view kHex = "0123456789ABCDEF";
    std::string encoded;
    encoded.reserve(3 * value.size());  // so that no shorter copy is left behind
    for (const char c : value) {
        if (is_unreserved(c)) {
            encoded.push_back(c);
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        encoded.push_back('%');
        encoded.push_back(kHex[byte >> 4]);
        encoded.push_back(kHex[byte & 15]);
    }
    CredentialParameter parameter{auth.parameter, Secret(encoded)};
    wipe_memory(encoded.data(), encoded.size());
    return parameter;
}

std::string without_parameter(std::string_view target, std::string_view name) {
    const auto question = target.find('?');
    if (question == std::string_view::npos) return std::string(target);
    std::string kept(target.substr(0, question));
    char before = '?';
    for (std::string_view rest = target.substr(question + 1);;) {
        const auto end = rest.find_first_of("&;");
        const auto pair = rest.substr(0, end);
        if (!is_named(pair.substr(0, pair.find('=')), name)) {
            kept.push_back(before);
            kept.append(pair);
            before = end == std::string_view::npos ? '&' : rest[end];
        } else if (before != '?' && end != std::string_view::npos) {
            before = rest[end];
        }
        if (end == std::string_view::npos) break;
        rest.remove_prefix(end + 1);
    }
    return kept;
}

std::string with_parameter(std::string_view target, const CredentialParameter& credential) {
    std::string out;
    out.reserve(target.size() + credential.name.size() + credential.value.size() + 2);
    out.append(target);
    if (target.find('?') == std::string_view::npos)
        out.push_back('?');
    else if (target.back() != '?')
        out.push_back('&');
    out.append(credential.name).push_back('=');
    out.append(credential.value.reveal());
    return out;
}

}  // namespace botbottle::policy
