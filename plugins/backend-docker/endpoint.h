// Where the engine is: DOCKER_HOST, or the socket that engines have by default.
#pragma once

#include <string>
#include <string_view>

namespace backend_docker {

struct Endpoint {
    std::string text;    // as it was given, for people
    std::string socket;  // path of a Unix socket; empty: the engine is reached over TCP
    std::string host;    // of TCP: a name or an address
    std::string port;

    bool is_local() const { return !socket.empty(); }
    // "http://…", without a slash at its end.
    std::string url() const;
};

// Refuses what cannot be reached: unencrypted HTTP over TCP and Unix sockets are spoken.
Endpoint parse_endpoint(std::string_view text);

// Of the operator's environment.
Endpoint default_endpoint();

// host: the bottle's files and sockets are this machine's, mounted. bundle: nothing is shared with
// the engine, and everything of a bottle goes over its API, the channels bundled into one stream.
enum class Placement { host, bundle };
std::string placement_name(Placement placement);

// What the operator asks for (BOTBOTTLE_PLACEMENT, which `--placement` sets), or else what this
// engine takes: bundle over TCP, host over a Unix socket.
Placement placement_for(const Endpoint& endpoint);
bool is_placement_asked_for();

}  // namespace backend_docker
