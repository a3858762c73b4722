// ControlServer: everybody who talks to the warden. The connection of the command that started it,
// and those who come through control.sock and may.
#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "control/connection.h"
#include "control/descriptor.h"

namespace botbottle::warden {

using RequestHandler =
    std::function<void(std::string_view method, control::Json& params, control::Reply reply)>;

// Must live until the io_context stopped running. `subscribe` is answered here; all else goes to
// the handler.
class ControlServer {
  public:
    ControlServer(boost::asio::io_context& io, RequestHandler handler);
    ~ControlServer();
    ControlServer(const ControlServer&) = delete;
    ControlServer& operator=(const ControlServer&) = delete;

    // A connected socket whose other end is known. `ended` is called when the peer ends it.
    void serve(control::Descriptor socket, std::function<void()> ended);

    // While a request is being handled: `ended` is called, too, when the peer that made it ends its
    // connection. It takes the place of an earlier one.
    void when_this_peer_ends(std::function<void()> ended);

    // Accepts from a listening socket: the warden's own user and root, and nobody else.
    void listen(control::Descriptor listener);

    // Sends an event to those who subscribed.
    void notify(std::string_view event, const control::Json& params);

    // Takes no new connections, and closes each one when what is queued for it was written.
    void close();

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace botbottle::warden
