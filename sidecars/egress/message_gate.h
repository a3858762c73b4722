// MessageGate: what each piece of each WebSocket message passes before it goes on. A scanner stands
// behind this one function.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "websocket/frame.h"

namespace botbottle::egress {

enum class Way : std::uint8_t { kUp, kDown };  // towards the origin, towards the bottle

class MessageGate {
  public:
    // What ends with a piece.
    enum class Ends : std::uint8_t { kNothing, kFrame, kMessage };

    struct Verdict {
        std::string_view rule;  // stays; empty: it passes
        std::string reason;
    };

    // The pieces of a message come in order: nothing of a piece has gone on when this is called,
    // but what was let through of those before it has. A Ping, Pong or Close is one piece and may
    // come between those of a message. `piece` may be replaced by what is to go on; that must stay
    // until the next call.
    virtual Verdict pass(Way way, websocket::Opcode kind, std::string_view& piece, Ends ends) = 0;

  protected:
    ~MessageGate() = default;
};

}  // namespace botbottle::egress
