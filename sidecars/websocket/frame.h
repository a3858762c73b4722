// Frames of RFC 6455 5.2 on their way out: written here from values, never copied from a peer.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace botbottle::websocket {

enum class Opcode : std::uint8_t {
    kContinuation = 0x0,
    kText = 0x1,
    kBinary = 0x2,
    kClose = 0x8,
    kPing = 0x9,
    kPong = 0xA,
};

inline bool is_control(Opcode opcode) noexcept {
    return (static_cast<std::uint8_t>(opcode) & 0x8) != 0;
}

// RFC 6455 7.4.1.
inline constexpr std::uint16_t kNormalClosure = 1000;
inline constexpr std::uint16_t kGoingAway = 1001;
inline constexpr std::uint16_t kProtocolError = 1002;
inline constexpr std::uint16_t kInvalidText = 1007;
inline constexpr std::uint16_t kPolicyViolation = 1008;
inline constexpr std::uint16_t kMessageTooBig = 1009;

inline constexpr std::size_t kMaxControlPayload = 125;

using Mask = std::array<unsigned char, 4>;

// Towards a server with a mask, which must be fresh and unpredictable; towards a client without.
void append_frame(std::string& out, Opcode opcode, bool last, std::string_view payload,
                  const std::optional<Mask>& mask);

// The payload of a Close frame. What is too long of `reason` is cut off, not within a character.
std::string close_payload(std::uint16_t code, std::string_view reason);

// Codes that may stand in a Close frame (7.4).
bool may_be_sent(std::uint16_t code) noexcept;

}  // namespace botbottle::websocket
