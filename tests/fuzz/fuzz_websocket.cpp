// Any bytes from either side of a WebSocket: the same events whatever pieces they come in, and what
// was read, written anew, reads the same.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "websocket/frame_parser.h"

namespace {

using namespace botbottle::websocket;

constexpr Mask kMask{0x12, 0x34, 0x56, 0x78};

void expect(bool held) {
    if (!held) std::abort();
}

struct Heard {
    std::string messages;  // each with its opcode before and its end after it
    std::string rewritten;
    std::uint16_t code = 0;
    bool closed = false;
};

Heard hear(std::string_view bytes, Sender sender, std::size_t piece) {
    const MessageLimits limits{4096, 8};
    FrameParser parser(sender, limits);
    Heard heard;
    std::string message;
    std::string buffer;
    bool begun = false;
    do {
        buffer += bytes.substr(0, piece);
        bytes.remove_prefix(std::min(piece, bytes.size()));
        for (;;) {
            const FrameEvent event = parser.next(buffer);
            expect(event.consumed <= buffer.size());
            const auto& mask =
                sender == Sender::kClient ? std::optional<Mask>(kMask) : std::nullopt;
            if (event.kind == FrameEventKind::kPiece) {
                expect(!is_control(event.opcode) && event.opcode != Opcode::kContinuation);
                message += event.data;
                expect(message.size() <= limits.message);
                if (!event.data.empty() || event.last) {
                    append_frame(heard.rewritten, begun ? Opcode::kContinuation : event.opcode,
                                 event.last, event.data, mask);
                    begun = !event.last;
                }
                if (event.last) {
                    heard.messages += static_cast<char>(event.opcode) + message + "\n";
                    message.clear();
                }
            } else if (event.kind == FrameEventKind::kControl) {
                expect(is_control(event.opcode) && event.data.size() <= kMaxControlPayload);
                heard.messages += static_cast<char>(event.opcode) + std::string(event.data) + "\n";
                append_frame(heard.rewritten, event.opcode, true, event.data, mask);
            } else if (event.kind == FrameEventKind::kError) {
                heard.code = parser.fault().code;
                expect(may_be_sent(heard.code));
                return heard;
            }
            buffer.erase(0, event.consumed);
            if (event.kind == FrameEventKind::kNeedMore) break;
        }
        expect(buffer.size() < 14);
    } while (!bytes.empty());
    heard.closed = parser.closed();
    return heard;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1) return 0;
    const Sender sender = (data[0] & 1) != 0 ? Sender::kClient : Sender::kServer;
    const std::size_t piece = 1 + (data[0] >> 1) % 16;
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    const Heard whole = hear(bytes, sender, bytes.size() + 1);
    const Heard pieces = hear(bytes, sender, piece);
    expect(whole.code == pieces.code && whole.closed == pieces.closed);
    expect(whole.messages == pieces.messages);
    const Heard again = hear(whole.rewritten, sender, whole.rewritten.size() + 1);
    expect(again.code == 0 && again.messages == whole.messages);
    return 0;
}
