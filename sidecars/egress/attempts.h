// Attempts: TCP connections to the addresses of one host, each begun a moment after the one before,
// of which the first that stands is taken (RFC 8305, "happy eyeballs"). A broken IPv6 path then
// costs a quarter of a second and no request.
//
// No thread and no callback: descriptor() becomes readable when there is something to do, and
// advance() does it.
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "base/ip_address.h"
#include "control/descriptor.h"

namespace botbottle::egress {

// The order of RFC 8305, section 4: that of the resolver, with the families taking turns.
std::vector<IpAddress> in_turns(const std::vector<IpAddress>& addresses);

class Attempts {
  public:
    // The addresses are dialled in this order; `delay` lies between two that have not failed.
    Attempts(std::vector<IpAddress> addresses, std::uint16_t port, std::chrono::milliseconds delay);

    // Readable (level-triggered) when advance() has work; -1 when the kernel gave no descriptor,
    // and then error() says why.
    int descriptor() const noexcept { return events_.get(); }

    // Begins what is due and looks at what is under way. A socket that is connected to exactly the
    // address that it was meant for, or none: not yet, or never when over().
    control::Descriptor advance();

    bool over() const noexcept { return next_ == addresses_.size() && running_ == 0; }
    int error() const noexcept { return error_; }  // errno of the last failure

  private:
    struct Attempt {
        IpAddress address;
        control::Descriptor socket;
    };

    void begin_next();
    bool take_events();  // whether the next attempt is due
    void fail(Attempt& attempt, int error);

    std::vector<IpAddress> addresses_;
    std::uint16_t port_;
    std::chrono::milliseconds delay_;
    control::Descriptor events_;
    control::Descriptor timer_;
    std::vector<Attempt> attempts_;
    control::Descriptor connected_;
    std::size_t next_ = 0;
    std::size_t running_ = 0;
    int error_ = 0;
};

}  // namespace botbottle::egress
