// The opening handshake of RFC 6455 4, from parsed fields. The client's key is answered here, and
// the origin gets one of ours: no value of the handshake passes from one side to the other, but the
// subprotocols.
#pragma once

#include <string>
#include <string_view>

#include "http/header.h"
#include "http/protocol_error.h"

namespace botbottle::websocket {

inline constexpr std::string_view kVersion = "13";

// Whether these fields open a WebSocket; status 0: they do. Over HTTP/2 there is no key (RFC 8441).
http::ProtocolError check_request(const http::HeaderFields& fields, bool over_http2);

// Whether an origin's 101 agrees to the request that was sent with `key` and `fields`.
http::ProtocolError check_answer(std::string_view upgrade, const http::HeaderFields& answer,
                                 std::string_view key, const http::HeaderFields& asked);

// A fresh Sec-WebSocket-Key; empty when there is no randomness.
std::string make_key();
std::string accept_for(std::string_view key);
std::string_view key_of(const http::HeaderFields& fields);  // empty: none

// Removes the fields that belong to one connection (key, accept, version, extensions), and what
// could pass for one of them. Sec-WebSocket-Protocol stays.
void strip_handshake(http::HeaderFields& fields);

}  // namespace botbottle::websocket
