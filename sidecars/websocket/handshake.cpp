// See handshake.h.
#include "websocket/handshake.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>

namespace botbottle::websocket {

namespace {

constexpr std::string_view kMagic = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
constexpr std::size_t kKeyBytes = 16;
constexpr std::size_t kKeySize = 24;  // of its base64

constexpr std::string_view kKey = "Sec-WebSocket-Key";
constexpr std::string_view kAccept = "Sec-WebSocket-Accept";
constexpr std::string_view kVersionField = "Sec-WebSocket-Version";
constexpr std::string_view kExtensions = "Sec-WebSocket-Extensions";
constexpr std::string_view kProtocol = "Sec-WebSocket-Protocol";

struct Found {
    std::size_t count = 0;
    std::string_view value;
};

Found find_all(const http::HeaderFields& fields, std::string_view name) {
    Found found;
    for (const http::HeaderField& field : fields) {
        if (!http::same_header(field.name, name)) continue;
        ++found.count;
        found.value = field.value;
    }
    return found;
}

bool is_base64(char c) noexcept {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '/';
}

// Sixteen bytes in base64, of any value: 22 digits and two signs of equality.
bool is_key(std::string_view key) noexcept {
    return key.size() == kKeySize && key.ends_with("==") &&
           std::all_of(key.begin(), key.end() - 2, is_base64);
}

std::string base64(const unsigned char* bytes, std::size_t size) {
    std::string text(4 * ((size + 2) / 3) + 1, '\0');
    const int written = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes,
                                        static_cast<int>(size));
    text.resize(static_cast<std::size_t>(written));
    return text;
}

bool offers(const http::HeaderFields& asked, std::string_view protocol) {
    bool offered = false;
    for (const http::HeaderField& field : asked) {
        if (!http::same_header(field.name, kProtocol)) continue;
        http::for_each_list_member(field.value,
                                   [&](std::string_view member) { offered |= member == protocol; });
    }
    return offered;
}

}  // namespace

http::ProtocolError check_request(const http::HeaderFields& fields, bool over_http2) {
    const Found version = find_all(fields, kVersionField);
    if (version.count != 1 || version.value != kVersion)
        return {400, "bad_websocket_request", "Sec-WebSocket-Version is not 13"};
    const Found key = find_all(fields, kKey);
    if (over_http2 ? key.count != 0 : key.count != 1 || !is_key(key.value))
        return {400, "bad_websocket_request", "Sec-WebSocket-Key is not one key of 16 bytes"};
    return {};
}

http::ProtocolError check_answer(std::string_view upgrade, const http::HeaderFields& answer,
                                 std::string_view key, const http::HeaderFields& asked) {
    constexpr std::string_view kRule = "bad_websocket_answer";
    if (!http::equal_ignoring_case(upgrade, "websocket"))
        return {502, kRule, "the origin switched to something else than WebSocket"};
    const Found accept = find_all(answer, kAccept);
    if (accept.count != 1 || accept.value != accept_for(key))
        return {502, kRule, "the origin's Sec-WebSocket-Accept does not fit the key"};
    if (find_all(answer, kExtensions).count != 0)
        return {502, kRule, "the origin agreed to an extension that nobody offered"};
    const Found protocol = find_all(answer, kProtocol);
    if (protocol.count > 1 || (protocol.count == 1 && !offers(asked, protocol.value)))
        return {502, kRule, "the origin chose a subprotocol that nobody offered"};
    return {};
}

std::string make_key() {
    std::array<unsigned char, kKeyBytes> bytes{};
    if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) return {};
    return base64(bytes.data(), bytes.size());
}

std::string accept_for(std::string_view key) {
    const std::string text = std::string(key) + std::string(kMagic);
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    if (EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr) != 1)
        return {};
    return base64(digest.data(), size);
}

std::string_view key_of(const http::HeaderFields& fields) {
    return find_all(fields, kKey).value;
}

void strip_handshake(http::HeaderFields& fields) {
    std::erase_if(fields, [](const http::HeaderField& field) {
        return http::same_header(field.name, kKey) || http::same_header(field.name, kAccept) ||
               http::same_header(field.name, kVersionField) ||
               http::same_header(field.name, kExtensions);
    });
}

}  // namespace botbottle::websocket
