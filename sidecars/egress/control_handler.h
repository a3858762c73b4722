// The control methods of the egress (docs/control-protocol.md): parameters in, results out.
#pragma once

#include <boost/asio/io_context.hpp>

#include "control/methods.h"
#include "egress/server.h"

namespace botbottle::egress {

// `server` and `io` outlive the table. Until `start` succeeded every other method is refused.
control::Methods make_methods(Server& server, boost::asio::io_context& io);

// Calls `done` once no request is open, or after `timeout`.
void drain(Server& server, boost::asio::io_context& io, std::chrono::milliseconds timeout,
           std::function<void()> done);

}  // namespace botbottle::egress
