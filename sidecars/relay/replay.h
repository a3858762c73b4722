// Replay: the last of what a detached session wrote, so that the next client can draw the screen.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "session/packet.h"

namespace botbottle::relay {

class Replay {
  public:
    void append(std::string_view output);
    std::string text() const;  // oldest first

  private:
    std::array<char, session::kReplaySize> ring_;
    std::size_t next_ = 0;    // where the next byte goes
    std::size_t filled_ = 0;  // bytes that are in the ring
};

}  // namespace botbottle::relay
