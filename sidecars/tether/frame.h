// What goes over a tether (docs/tether-protocol.md): frames of many channels on one stream of
// bytes. Both ends use this file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "session/packet.h"
#include "session/request.h"

namespace botbottle::tether {

enum class Type : std::uint8_t {
    hello = 1,    // to the anchor: the system call filter that the relay puts itself under
    ready = 2,    // to the tether: the relay answers
    failed = 3,   // to the tether: it does not; the payload says why
    commit = 4,   // to the anchor: the bottle exists
    socket = 5,   // to the tether: somebody connected to the sidecar's socket of this name
    session = 6,  // to the anchor: a client of the session socket
    packet = 7,   // of a session's connection
    data = 8,
    end = 9,      // no more data in this direction
    gone = 10,    // neither in this nor in the other one
    credit = 11,  // so many bytes more may be sent
};

struct Frame {
    Type type = Type::gone;
    std::uint32_t channel = 0;
    std::string payload;
};

// Channels have ids that are not used again: the tether's are even, the anchor's odd.
constexpr std::uint32_t kTethersFirst = 2;
constexpr std::uint32_t kAnchorsFirst = 1;

// A start request with what stands around it; everything else is shorter.
constexpr std::size_t kMaxPayload = session::kMaxRequest + session::kMaxPacket;
constexpr std::size_t kHeader = 9;  // type, channel, length
// What may be on its way in one direction of a channel without having been taken.
constexpr std::size_t kWindow = 256 * 1024;

std::string number_bytes(std::uint32_t number);
// The number that `text` begins with, and is taken from it. Nothing when it is too short.
std::optional<std::uint32_t> take_number(std::string_view& text);

void append_frame(std::string& bytes, Type type, std::uint32_t channel, std::string_view payload);

// Frames out of bytes as they come. After a broken one there is no next.
class FrameReader {
  public:
    void add(std::string_view bytes) { bytes_.append(bytes); }
    std::optional<Frame> next();
    bool broken() const { return broken_; }

  private:
    std::string bytes_;
    std::size_t read_ = 0;
    bool broken_ = false;
};

// The output of a container without a terminal, as an engine's attached stream has it: each piece
// behind eight bytes, of which the first names the stream and the last four its length.
class EngineOutput {
  public:
    // What belongs to the standard output, appended to `into`.
    void add(std::string_view bytes, std::string& into);
    bool broken() const { return broken_; }

  private:
    std::string header_;
    std::size_t left_ = 0;
    bool wanted_ = false;
    bool broken_ = false;
};

}  // namespace botbottle::tether
