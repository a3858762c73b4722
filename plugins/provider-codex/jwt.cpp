#include "jwt.h"

#include <cstddef>
#include <nlohmann/json.hpp>

namespace provider_codex {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

std::optional<std::string> decode_base64url(std::string_view text) {
    while (text.ends_with('='))
        text.remove_suffix(1);
    std::string bytes;
    unsigned held = 0;
    int bits = 0;
    for (const char c : text) {
        const std::size_t value = kAlphabet.find(c);
        if (value == std::string_view::npos) return std::nullopt;
        held = (held << 6 | static_cast<unsigned>(value)) & 0xFFFF;
        bits += 6;
        if (bits < 8) continue;
        bits -= 8;
        bytes.push_back(static_cast<char>(held >> bits & 0xFF));
    }
    return bytes;
}

std::string encode_base64url(std::string_view bytes) {
    std::string text;
    unsigned held = 0;
    int bits = 0;
    for (const char c : bytes) {
        held = (held << 8 | static_cast<unsigned char>(c)) & 0xFFFF;
        bits += 8;
        while (bits >= 6) {
            bits -= 6;
            text.push_back(kAlphabet[held >> bits & 63]);
        }
    }
    if (bits > 0) text.push_back(kAlphabet[held << (6 - bits) & 63]);
    return text;
}

}  // namespace

std::optional<nlohmann::json> parse_shallow(std::string_view text) {
    constexpr int kDeepest = 32;
    bool shallow = true;
    const auto watch = [&shallow](int depth, nlohmann::json::parse_event_t, nlohmann::json&) {
        shallow = shallow && depth <= kDeepest;
        return shallow;
    };
    nlohmann::json document = nlohmann::json::parse(text, watch, false);
    if (!shallow || document.is_discarded()) return std::nullopt;
    return document;
}

std::optional<nlohmann::json> jwt_claims(std::string_view token) {
    const std::size_t first = token.find('.');
    const std::size_t second = token.find('.', first == std::string_view::npos ? first : first + 1);
    if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos)
        return std::nullopt;
    const auto payload = decode_base64url(token.substr(first + 1, second - first - 1));
    if (!payload) return std::nullopt;
    auto claims = parse_shallow(*payload);
    if (!claims || !claims->is_object()) return std::nullopt;
    return claims;
}

std::string unsigned_jwt(const nlohmann::json& claims) {
    return encode_base64url(R"({"alg":"none","typ":"JWT"})") + '.' +
           encode_base64url(claims.dump()) + ".placeholder";
}

}  // namespace provider_codex
