// A server's and a client's session that hear each other, in memory; and frames by hand.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "http2/session.h"

namespace botbottle::http2::testing {

struct Wire final : Sink {
    std::string bytes;
    std::size_t room = std::string::npos;
    void write(std::string_view piece) override { bytes += piece; }
    bool full() const override { return bytes.size() >= room; }
};

inline const std::string kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

std::string frame(unsigned char type, unsigned char flags, std::uint32_t stream,
                  std::string_view payload = {});
// Type and payload of the frames in `bytes`, in order.
struct Frame {
    unsigned char type = 0;
    unsigned char flags = 0;
    std::uint32_t stream = 0;
    std::string payload;
};
std::vector<Frame> frames(std::string_view bytes);
// The error code of the first frame of that type (3: RST_STREAM, 7: GOAWAY), or -1.
int error_code_of(std::string_view bytes, unsigned char type);

struct Pair {
    explicit Pair(const SessionLimits& limits = {}) : server(Side::kServer, limits) { pump(); }

    // Until neither has anything more to say. `piece`: how much arrives at once.
    void pump(std::size_t piece = std::string::npos);
    // The next request at the server.
    StreamPtr ask(const std::vector<Header>& headers, bool has_body = false);

    Session server;
    Session client{Side::kClient};
    StreamPtr asked;  // the client's end of the last ask()
    Clock::time_point now{};
};

std::vector<Header> get(std::string_view path = "/");

// Everything that there is to take: heads as "<status>\n", body, trailers as "name: value\n", and
// "end", "error" or "more".
std::string taken(Stream& stream);

}  // namespace botbottle::http2::testing
