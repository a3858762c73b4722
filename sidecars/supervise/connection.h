// One connection of the bottle: HTTP/1.1 requests on a Unix socket, one after the other.
#pragma once

#include <boost/asio/local/stream_protocol.hpp>
#include <memory>

#include "supervise/service.h"

namespace botbottle::supervise {

using Socket =
    asio::basic_stream_socket<asio::local::stream_protocol, asio::io_context::executor_type>;

// Accepts until the listener is closed. No more than kMaxConnections at once: the next one waits.
class Listener {
  public:
    Listener(asio::io_context& io, int descriptor, Service& service);
    void start();

  private:
    void accept();

    asio::io_context& io_;
    asio::basic_socket_acceptor<asio::local::stream_protocol, asio::io_context::executor_type>
        acceptor_;
    Service& service_;
    std::size_t open_ = 0;
    bool accepting_ = false;
};

}  // namespace botbottle::supervise
