// Loop: epoll, level-triggered, one thread. A watcher may remove any descriptor, also its own or
// one whose event is still to come: events of a removed descriptor are dropped.
#pragma once

#include <cstdint>
#include <vector>

#include "control/descriptor.h"

namespace botbottle::relay {

class Watcher {
  public:
    virtual void ready(int fd, std::uint32_t events) = 0;

  protected:
    ~Watcher() = default;
};

class Loop {
  public:
    Loop();

    // Calls `watcher` when `fd` is ready for `events` (EPOLLIN, EPOLLOUT). No events: not watched
    // at all, because epoll reports a hang-up even to those who asked for nothing.
    void watch(int fd, std::uint32_t events, Watcher* watcher);
    void forget(int fd) { watch(fd, 0, nullptr); }

    // Waits at most this long (-1: for ever) and dispatches what is ready.
    void wait(int timeout_ms);

  private:
    struct Entry {
        Watcher* watcher = nullptr;
        std::uint32_t events = 0;
        std::uint32_t generation = 0;
    };

    control::Descriptor epoll_;
    std::vector<Entry> entries_;  // by descriptor number
};

}  // namespace botbottle::relay
