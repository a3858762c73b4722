// epoll with a generation per descriptor number, so that an event that was collected before its
// descriptor was closed and the number used again reaches nobody.
#include "relay/loop.h"

#include <sys/epoll.h>

#include <array>
#include <cstddef>

namespace botbottle::relay {

Loop::Loop() : epoll_(epoll_create1(EPOLL_CLOEXEC)) {}

void Loop::watch(int fd, std::uint32_t events, Watcher* watcher) {
    const auto index = static_cast<std::size_t>(fd);
    if (index >= entries_.size()) entries_.resize(index + 1);
    Entry& entry = entries_[index];
    if (entry.events == events && entry.watcher == watcher) return;
    int operation = EPOLL_CTL_MOD;
    if (events == 0) {
        operation = EPOLL_CTL_DEL;
        ++entry.generation;
    } else if (entry.events == 0) {
        operation = EPOLL_CTL_ADD;
    }
    if (events != 0 || entry.events != 0) {
        epoll_event event = {};
        event.events = events;
        event.data.u64 = static_cast<std::uint64_t>(entry.generation) << 32 | index;
        epoll_ctl(epoll_.get(), operation, fd, &event);
    }
    entry.events = events;
    entry.watcher = events == 0 ? nullptr : watcher;
}

void Loop::wait(int timeout_ms) {
    std::array<epoll_event, 64> ready = {};
    const int count =
        epoll_wait(epoll_.get(), ready.data(), static_cast<int>(ready.size()), timeout_ms);
    for (int i = 0; i < count; ++i) {
        const epoll_event& event = ready[static_cast<std::size_t>(i)];
        const auto index = static_cast<std::size_t>(event.data.u64 & 0xffffffffu);
        const Entry& entry = entries_[index];
        if (entry.generation != event.data.u64 >> 32 || entry.watcher == nullptr) continue;
        entry.watcher->ready(static_cast<int>(index), event.events);
    }
}

}  // namespace botbottle::relay
