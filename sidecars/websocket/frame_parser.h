// FrameParser: one direction of a WebSocket without extensions, without I/O: bytes in, pieces of
// messages out, unmasked and in order. It keeps no message: a piece is handed out as it arrives.
//
// Strict: what RFC 6455 5 calls a failure is one, and ends the direction. Used like a parser of
// sidecars/http: `event.consumed` bytes are always dropped from the buffer; `event.data` stays
// until the next call. Not safe for two threads at once.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "websocket/frame.h"
#include "websocket/utf8.h"

namespace botbottle::websocket {

// Who wrote what is parsed: a client masks every frame, a server none (5.1).
enum class Sender : std::uint8_t { kClient, kServer };

struct MessageLimits {
    std::uint64_t message = 16 * 1024 * 1024;  // bytes of payload: 1009
    // Frames without payload that do not end a message, in a row: 1008.
    unsigned empty_frames = 100;
};

enum class FrameEventKind : std::uint8_t {
    kNeedMore,
    kPiece,    // of a text or binary message
    kControl,  // a whole Ping, Pong or Close; nothing follows a Close
    kError,    // fault() says why
};

struct FrameEvent {
    FrameEventKind kind = FrameEventKind::kNeedMore;
    std::size_t consumed = 0;
    Opcode opcode = Opcode::kContinuation;  // of the message, for each of its pieces
    bool last = false;                      // the message ends with this piece
    std::string_view data;
    bool frame_ends = false;  // so does its frame
};

struct Fault {
    std::uint16_t code = 0;  // to close with; 0: none
    std::string_view reason;
};

class FrameParser {
  public:
    explicit FrameParser(Sender sender, const MessageLimits& limits = {})
        : sender_(sender), limits_(limits) {}

    FrameEvent next(std::string_view buffer);
    const Fault& fault() const noexcept { return fault_; }
    bool closed() const noexcept { return closed_; }  // a Close was handed out

  private:
    FrameEvent begin_frame(std::string_view buffer);
    FrameEvent go_on(std::string_view buffer);
    FrameEvent go_on_control(std::string_view buffer);
    Fault check_head(std::string_view head) const;
    Fault check_close() const;
    FrameEvent fail(Fault fault);
    void unmask(std::string_view bytes);

    const Sender sender_;
    const MessageLimits limits_;
    Fault fault_;
    bool closed_ = false;

    // The frame under way.
    bool in_frame_ = false;
    bool final_ = false;
    Opcode frame_ = Opcode::kContinuation;
    std::uint64_t remaining_ = 0;
    Mask mask_{};
    std::size_t mask_at_ = 0;

    // The message under way.
    bool in_message_ = false;
    Opcode message_ = Opcode::kText;
    std::uint64_t message_size_ = 0;
    unsigned empty_frames_ = 0;
    Utf8Checker text_;

    std::string payload_;  // what was handed out, or a control frame's so far
};

}  // namespace botbottle::websocket
