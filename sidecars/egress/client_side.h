// ClientSide: one request as it came from the bottle, and the way back for its answer. An exchange
// knows its client only through this; there is one implementation for each protocol.
#pragma once

#include <chrono>
#include <string_view>

#include "egress/task.h"
#include "http/parser.h"

namespace botbottle::egress {

// What becomes of a client's connection after a request.
enum class After : std::uint8_t {
    kKeep,
    kClose,  // orderly, after what is still arriving was given a moment
    kBreak,  // so that the client cannot take what it got for a whole response
};

class ClientSide {
  public:
    virtual ~ClientSide() = default;

    // The request. Its head's views stay until the first read_more().
    virtual http::RequestHead& head() = 0;
    // Why the head cannot be served; status 0: it can.
    virtual http::ProtocolError head_error() const { return {}; }
    // What of the body is in memory: kBody, kTrailers, kEnd, kNeedMore or kError.
    virtual http::Event next() = 0;
    virtual Task<bool> read_more() = 0;  // false: the client is gone
    virtual const http::HeaderFields& trailers() const = 0;
    virtual http::ProtocolError error() const = 0;  // of kError
    virtual void interrupt() = 0;                   // ends the read_more() that is under way

    // The answer. A write only collects; flush() returns once all of it is on its way.
    virtual bool write_informational(int status, std::string_view reason,
                                     const http::HeaderFields& fields) = 0;
    virtual bool write_head(int status, std::string_view reason, const http::HeaderFields& fields,
                            const http::Framing& framing, bool keep_alive) = 0;
    // Agrees to the WebSocket that was asked for; `fields` are the answer's. From here on bytes
    // come as kBody, and go as they are written.
    virtual bool write_switch(const http::HeaderFields& fields) = 0;
    virtual void write(std::string_view payload) = 0;
    virtual void finish(const http::HeaderFields& trailers) = 0;
    virtual Task<bool> flush() = 0;
    virtual bool gone() = 0;
    // Whether a connection that served this request can only be kept when the body was read.
    virtual bool shares_connection() const { return false; }

    virtual void set_deadline(std::chrono::milliseconds from_now) = 0;
};

}  // namespace botbottle::egress
