// The client: some connections in one thread, each through a proxy or straight to the origin.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace bench {

struct ClientOptions {
    std::string proxy;      // "127.0.0.1:port" or a Unix socket's path; empty: none
    int origin_port = 0;    // of "localhost"
    std::string authority;  // PEM file
    std::string method = "GET";
    std::vector<std::string> paths;                    // asked for in turn
    std::uint64_t body = 0;                            // bytes of request body
    std::string authorization = "Bearer placeholder";  // as an agent sends it
    unsigned connections = 1;
    bool reconnect = false;  // a new connection for each request
    bool denials = false;    // a 403 is an answer like another, and counted
    bool events = false;     // the response is a stream of events, one run is one response
    std::chrono::milliseconds warm_up{300};
    std::chrono::milliseconds duration{2000};
};

struct Measurement {
    std::uint64_t responses = 0;
    std::uint64_t denials = 0;  // of those
    std::uint64_t bytes = 0;    // of response bodies
    double seconds = 0;
    std::uint64_t warm_up_responses = 0;  // before those
    std::uint64_t warm_up_bytes = 0;
    std::vector<std::uint64_t> delays_ns;  // of events
};

Measurement run_client(const ClientOptions& options);

}  // namespace bench
