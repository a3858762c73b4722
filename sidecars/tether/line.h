// Line: one end of a tether. It moves bytes between descriptors of this side and channels of the
// stream, with a window for each direction, so that a reader that is slow holds up its own channel
// only.
#pragma once

#include <poll.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "control/descriptor.h"
#include "tether/frame.h"

namespace botbottle::tether {

using control::Descriptor;

// Of a bottle's connections to the sidecars and its sessions' pipes: as many as the relay's own.
constexpr std::size_t kMaxCarried = 512;

// Of what waits to be sent. Beyond the first nothing more is read from descriptors; what comes then
// is answers and last words. Who lets more than the second lie does not mean well.
constexpr std::size_t kMostUnsent = 512 * 1024;
constexpr std::size_t kEndAt = 32 * 1024 * 1024;

enum class Ways { in, out, both };  // in: from the descriptor to the line

class Line {
  public:
    enum class Encoding { plain, engine };  // of what is received

    // The two may be the same descriptor; they stay the caller's.
    Line(int input, int output, Encoding encoding);

    // Frames that are not of a descriptor's channel.
    std::function<void(Frame&)> on_frame;
    // Called when something can be read from `fd`, or it has hung up.
    void watch(int fd, std::function<void()> ready);
    void forget(int fd);

    void send(Type type, std::uint32_t channel, std::string_view payload);

    // Moves bytes between the descriptor and the channel until both have had enough.
    void carry(std::uint32_t channel, Descriptor descriptor, Ways ways);
    // How many channels have a descriptor.
    std::size_t count() const { return channels_.size(); }
    // The descriptor that a channel has; -1 when it has none any more.
    int carried(std::uint32_t channel) const;
    // Closes the descriptor, and tells the other side unless it told us.
    void drop(std::uint32_t channel, bool tell);
    // Whether everything that the descriptor has to give is on its way.
    bool drained(std::uint32_t channel);
    // Whether everything that came for it has been written.
    bool flushed(std::uint32_t channel) const;
    // Bytes that wait to be sent.
    std::size_t unsent() const { return unsent_size_; }

    // Waits for something to do, and does it. False when the stream has ended or makes no sense.
    bool step(int timeout_ms);
    // Writes what is still to be sent, for so long at most.
    void flush(int timeout_ms);
    // Writes to the descriptors what came for them, for so long at most.
    void deliver(int timeout_ms);

  private:
    struct Carried {
        Descriptor descriptor;
        bool reads = false;   // from the descriptor, to be sent
        bool writes = false;  // what was received
        bool end_came = false;
        std::size_t credit = kWindow;  // what may be sent
        std::size_t owed = 0;          // what was written and not yet credited
        std::string pending;           // what was received and not yet written
    };
    using Channels = std::map<std::uint32_t, Carried>;

    std::vector<pollfd> polled() const;
    bool read_some(std::uint32_t channel, Carried& carried);
    void write_some(std::uint32_t channel, Carried& carried);
    void settle(std::uint32_t channel);
    void advance(std::uint32_t channel, short events);
    void take(Frame& frame);
    bool receive();
    bool transmit();

    int input_;
    int output_;
    Encoding encoding_;
    EngineOutput engine_output_;
    FrameReader reader_;
    std::deque<std::string> unsent_;  // in pieces: one string would be there twice when it grows
    std::size_t unsent_size_ = 0;
    std::size_t sent_ = 0;  // of the first piece
    bool broken_ = false;
    Channels channels_;
    std::map<int, std::function<void()>> watched_;
};

}  // namespace botbottle::tether
