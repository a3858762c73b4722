// Descriptor: an open file descriptor with one owner; and what a sidecar does with those it
// inherits.
#pragma once

#include <sys/types.h>

#include <initializer_list>
#include <utility>

#include "base/error.h"

namespace botbottle::control {

class Descriptor {
  public:
    Descriptor() noexcept = default;
    explicit Descriptor(int fd) noexcept : fd_(fd) {}
    Descriptor(Descriptor&& other) noexcept : fd_(other.release()) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        if (this != &other) reset(other.release());
        return *this;
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() { reset(); }

    explicit operator bool() const noexcept { return fd_ >= 0; }
    int get() const noexcept { return fd_; }
    int release() noexcept { return std::exchange(fd_, -1); }
    void reset(int fd = -1) noexcept;

  private:
    int fd_ = -1;
};

// Takes over a descriptor that the parent left open under this number, and marks it close-on-exec.
// Fails when it is not open, or (inherited_socket) is not a Unix stream socket.
Result<Descriptor> inherited(int number);
Result<Descriptor> inherited_socket(int number);

// Closes every descriptor above stderr that is not named, so that nothing which the parent forgot
// to mark close-on-exec lives on in a process that talks to the network.
void close_all_but(std::initializer_list<int> kept);

// The uid at the other end of a connected Unix socket (SO_PEERCRED: as it was at connect time).
Result<uid_t> peer_uid(int socket);

// Whether that uid may control this process: its own, or root.
bool peer_may_control(int socket);

}  // namespace botbottle::control
