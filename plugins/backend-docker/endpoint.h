// Where the engine is: DOCKER_HOST, or the socket that engines have by default.
#pragma once

#include <string>
#include <string_view>

namespace backend_docker {

struct Endpoint {
    std::string text;    // as it was given, for people
    std::string socket;  // path of a Unix socket
};

// Refuses what cannot be the engine of this host: another machine's kernel would run the bottle,
// and the directories and sockets that are mounted would not be there.
Endpoint parse_endpoint(std::string_view text);

// Of the operator's environment.
Endpoint default_endpoint();

}  // namespace backend_docker
