// Connection: one end of a control connection (docs/control-protocol.md). Both ends are alike: each
// may call, answer and notify.
//
// Threads: all members and all callbacks belong to the thread that runs the io_context. No callback
// is made from inside open(), call() or notify(), and none after on_closed.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "base/error.h"
#include "control/descriptor.h"

namespace boost::asio {
class io_context;
}

namespace botbottle::control {

using Json = nlohmann::json;

class Connection;

// The right and the duty to answer one request, once, now or later. Copies share it, so that it can
// go into a std::function. When the last one is dropped unanswered it answers with the error
// "internal"; one that outlives its connection answers nobody.
class Reply {
  public:
    Reply(std::weak_ptr<Connection> connection, std::uint64_t slot);

    void result(const Json& value) const;
    void error(const Error& error) const;

  private:
    struct Request;
    std::shared_ptr<Request> request_;
};

struct Callbacks {
    // A request. `params` is an object (empty when the message had none) and may be taken from.
    // An exception of nlohmann's that leaves it counts as a reply that was dropped.
    std::function<void(std::string_view method, Json& params, Reply reply)> on_request;
    // A notification. May be empty: then notifications are ignored.
    std::function<void(std::string_view event, const Json& params)> on_event;
    // The end, called once: "closed" when the peer went away, "protocol" when it sent what no peer
    // may send, "io" for anything else. Not called after close().
    std::function<void(const Error& reason)> on_closed;
};

class Connection : public std::enable_shared_from_this<Connection> {
  public:
    // Takes a connected Unix stream socket and begins to read. The connection lives until either
    // side closes it, whether or not the pointer is kept.
    static std::shared_ptr<Connection> open(boost::asio::io_context& io, Descriptor socket,
                                            Callbacks callbacks);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    // Sends a request; `done` gets the result, the peer's error, or "closed" when the connection
    // ended before the answer.
    void call(std::string_view method, const Json& params, std::function<void(Result<Json>)> done);

    void notify(std::string_view event, const Json& params);

    // Ends the conversation: open calls end with "closed" at once, from inside close(); what is
    // queued is still written, and then the socket closes.
    void close();

    int native_handle() const;

  private:
    friend class Reply;
    struct State;
    Connection(boost::asio::io_context& io, Descriptor socket, Callbacks callbacks);
    void read();
    void write();
    void send(std::string text);
    bool receive(std::string_view line);
    void receive_request(std::uint64_t id, Json& message);
    void receive_answer(std::uint64_t id, Json& message);
    void answer(std::uint64_t slot, std::string text);
    void answer_result(std::uint64_t slot, const Json& value);
    void answer_error(std::uint64_t slot, const Error& error);
    void end(const Error& reason);
    void end_calls();

    std::unique_ptr<State> state_;
};

}  // namespace botbottle::control
