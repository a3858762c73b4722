// Forwarder: what connects to 127.0.0.1:PORT in the bottle comes out at a sidecar's Unix socket.
// Bytes are moved by splice(2), so that a connection costs the relay no memory of its own.
#pragma once

#include <sys/un.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/error.h"
#include "control/descriptor.h"
#include "relay/loop.h"

namespace botbottle::relay {

class Forwarder final : public Watcher {
  public:
    // At `capacity` open connections no more are taken: they wait in the kernel's queue.
    Forwarder(Loop& loop, std::size_t capacity);
    Forwarder(const Forwarder&) = delete;
    Forwarder& operator=(const Forwarder&) = delete;
    ~Forwarder();

    Result<void> listen(std::uint16_t port, std::string_view socket_path);
    void ready(int fd, std::uint32_t events) override;

  private:
    class Connection;
    struct Listener {
        control::Descriptor socket;
        sockaddr_un target;
    };

    void accept_some(const Listener& listener);
    void watch_listeners(bool accepting);
    void finished(const Connection* connection);

    Loop& loop_;
    std::size_t capacity_;
    std::vector<Listener> listeners_;
    std::unordered_map<const Connection*, std::unique_ptr<Connection>> connections_;
};

}  // namespace botbottle::relay
