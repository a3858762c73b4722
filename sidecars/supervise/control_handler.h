// The control methods of this program (docs/control-protocol.md, "The supervise sidecar").
#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>
#include <optional>

#include "control/descriptor.h"
#include "control/methods.h"
#include "supervise/connection.h"

namespace botbottle::supervise {

// What main() inherited, and what is made of it once `start` came.
struct Program {
    asio::io_context& io;
    control::Descriptor listener;
    control::Descriptor audit_file;
    control::Descriptor queue;
    std::unique_ptr<Service> service;
    std::unique_ptr<Listener> server;
    Service::HoldDecided hold_decided = nullptr;  // over the control connection
};

control::Methods make_methods(Program& program);

}  // namespace botbottle::supervise
