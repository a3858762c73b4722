// OriginSide: one request on its way to an origin, and the response that comes back. An exchange
// knows its origin only through this; there is one implementation for each protocol.
#pragma once

#include <chrono>
#include <memory>
#include <string_view>

#include "egress/task.h"
#include "http/parser.h"
#include "http/serializer.h"

namespace botbottle::egress {

class Worker;

class OriginSide {
  public:
    virtual ~OriginSide() = default;

    // The request. False when the head cannot be written.
    virtual bool write_head(const http::RequestLine& line, const http::HeaderFields& fields,
                            const http::Framing& framing, const http::HeaderField* injected) = 0;
    virtual void write(std::string_view payload) = 0;
    virtual void finish(const http::HeaderFields& trailers) = 0;
    virtual Task<bool> flush() = 0;

    // The response.
    enum class More : std::uint8_t { kMore, kEnded, kFailed };
    virtual http::Event next() = 0;
    virtual Task<More> read_more() = 0;  // kEnded: the message ends with its connection, orderly
    virtual http::ResponseHead& head() = 0;
    virtual const http::HeaderFields& trailers() const = 0;
    virtual http::ProtocolError error() const = 0;

    // A connection that served others may have been closed by the origin meanwhile.
    virtual bool was_reused() const = 0;
    // The origin has told that it did nothing about this request.
    virtual bool refused() const { return false; }
    virtual void set_deadline(std::chrono::milliseconds from_now) = 0;
    virtual bool timed_out() const = 0;
    // Ends the request; whoever waits for it is woken.
    virtual void abort() = 0;
    // The response is complete, and so is the request: others may use the connection.
    static void give_back(std::unique_ptr<OriginSide> side) {
        OriginSide* const released = side.release();
        released->retire();
    }

  protected:
    // Called once, at the end; owns itself from here on.
    virtual void retire() = 0;
};

using OriginPtr = std::unique_ptr<OriginSide>;

}  // namespace botbottle::egress
