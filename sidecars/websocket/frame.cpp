// See frame.h.
#include "websocket/frame.h"

#include <algorithm>

namespace botbottle::websocket {

namespace {

constexpr unsigned char kFinal = 0x80;
constexpr unsigned char kMasked = 0x80;
constexpr std::size_t kShort = 125;
constexpr std::size_t kMedium = 0xffff;

void append_number(std::string& out, std::uint64_t value, int bytes) {
    while (bytes-- > 0)
        out += static_cast<char>((value >> (8 * bytes)) & 0xff);
}

bool continues_character(char c) noexcept {
    return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

}  // namespace

void append_frame(std::string& out, Opcode opcode, bool last, std::string_view payload,
                  const std::optional<Mask>& mask) {
    out += static_cast<char>((last ? kFinal : 0) | static_cast<unsigned char>(opcode));
    const unsigned char masked = mask ? kMasked : 0;
    if (payload.size() <= kShort) {
        out += static_cast<char>(masked | payload.size());
    } else if (payload.size() <= kMedium) {
        out += static_cast<char>(masked | 126);
        append_number(out, payload.size(), 2);
    } else {
        out += static_cast<char>(masked | 127);
        append_number(out, payload.size(), 8);
    }
    if (!mask) {
        out.append(payload);
        return;
    }
    out.append(reinterpret_cast<const char*>(mask->data()), mask->size());
    const std::size_t start = out.size();
    out.append(payload);
    for (std::size_t i = 0; i < payload.size(); ++i)
        out[start + i] = static_cast<char>(static_cast<unsigned char>(out[start + i]) ^
                                           (*mask)[i % mask->size()]);
}

std::string close_payload(std::uint16_t code, std::string_view reason) {
    std::size_t size = std::min(reason.size(), kMaxControlPayload - 2);
    while (size > 0 && size < reason.size() && continues_character(reason[size]))
        --size;
    std::string payload;
    append_number(payload, code, 2);
    payload.append(reason.substr(0, size));
    return payload;
}

bool may_be_sent(std::uint16_t code) noexcept {
    // 1004 to 1006 and 1015 are reserved and never on the wire; below 5000 the rest is registered
    // (3000) or private (4000).
    if (code >= 3000) return code < 5000;
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014);
}

}  // namespace botbottle::websocket
