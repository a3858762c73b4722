// The first flight of a TLS client, read without taking part in the handshake.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/host.h"

namespace botbottle::tls {

// A ClientHello may be split over any number of records and segments (RFC 8446 5.1).
inline constexpr std::size_t kMaxClientHello = 16 * 1024;

enum class HelloState : std::uint8_t { kNeedMore, kGood, kRefused };

struct HelloVerdict {
    HelloState state = HelloState::kNeedMore;
    std::string_view rule;  // static: not_tls, sni_missing, sni_invalid, sni_mismatch, ech_refused
    std::string reason;
};

// Judges what has arrived so far of a connection to `host`: the server name must be that host, and
// may be missing for an address. An encrypted ClientHello (RFC 9849) hides the name that counts and
// is refused.
HelloVerdict judge_client_hello(std::string_view bytes, const Host& host);

}  // namespace botbottle::tls
