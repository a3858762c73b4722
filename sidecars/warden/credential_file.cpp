#include "warden/credential_file.h"

#include <nlohmann/json.hpp>

#include "control/fields.h"

namespace botbottle::warden {
namespace {

using nlohmann::json;

std::optional<std::string> decode_base64url(std::string_view text) {
    constexpr std::string_view kAlphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    while (text.ends_with('='))
        text.remove_suffix(1);
    std::string bytes;
    unsigned held = 0;
    int bits = 0;
    for (const char c : text) {
        const auto value = kAlphabet.find(c);
        if (value == std::string_view::npos) return std::nullopt;
        held = (held << 6 | static_cast<unsigned>(value)) & 0xFFFF;
        bits += 6;
        if (bits < 8) continue;
        bits -= 8;
        bytes.push_back(static_cast<char>(held >> bits & 0xFF));
    }
    return bytes;
}

}  // namespace

bool is_json_pointer(std::string_view text) {
    if (!text.starts_with('/')) return false;
    for (std::size_t at = text.find('~'); at != std::string_view::npos;
         at = text.find('~', at + 1)) {
        if (at + 1 == text.size() || (text[at + 1] != '0' && text[at + 1] != '1')) return false;
    }
    return true;
}

std::optional<std::int64_t> jwt_expiry(std::string_view token) {
    const auto first = token.find('.');
    if (first == std::string_view::npos) return std::nullopt;
    const auto second = token.find('.', first + 1);
    if (second == std::string_view::npos) return std::nullopt;
    auto payload = decode_base64url(token.substr(first + 1, second - first - 1));
    if (!payload) return std::nullopt;
    const json claims = json::parse(*payload, nullptr, false);
    wipe_memory(payload->data(), payload->size());
    if (!claims.is_object()) return std::nullopt;
    const auto expiry = claims.find("exp");
    if (expiry == claims.end() || !expiry->is_number_integer()) return std::nullopt;
    return expiry->get<std::int64_t>();
}

Result<Secret> credential_at(std::string_view text, const std::string& pointer) {
    json document = json::parse(text, nullptr, false);
    if (!document.is_object()) return failure("credential_file", "it is not a JSON object");
    const json::json_pointer where(pointer);
    if (!document.contains(where))
        return failure("credential_file", "it has nothing at " + pointer);
    json holder = {{"value", std::move(document[where])}};
    auto value = control::take_secret(holder, "value");
    if (!value || value->empty()) return failure("credential_file", "it has no text at " + pointer);
    return value;
}

}  // namespace botbottle::warden
