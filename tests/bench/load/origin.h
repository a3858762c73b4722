// The origin: a TLS server on loopback, one thread, HTTP/1.1 with keep-alive.
//
//   GET  /bytes/<n>                a body of n bytes
//   GET  /agrees/<word>            200 when the request's Authorization is "Bearer <word>", else
//   409 POST /anything                 reads the body, answers "ok" GET  /events/<n>/<microseconds>
//   n server-sent events, one each interval; their data is the
//                                  monotonic clock in nanoseconds at the moment of writing
#pragma once

#include <string>

namespace bench {

struct OriginOptions {
    std::string certificate_file;
    std::string key_file;
    std::string required_header;  // "name: value" that each request must carry; empty: none
};

// Prints its port, and serves until stdin ends.
int run_origin(const OriginOptions& options);

}  // namespace bench
