#include "forward.h"

#include <nlohmann/json.hpp>

#include "fail.h"

namespace host_bottle {

std::vector<Forward> forwards_of(const Json& request) {
    std::vector<Forward> forwards;
    for (const Json& entry : request.at("forwards")) {
        Forward forward{entry.at("port").get<unsigned>(), entry.at("socket").get<std::string>()};
        const bool plain = !forward.socket.empty() && forward.socket != ".." &&
                           forward.socket.find_first_of(std::string("/\0", 2)) == std::string::npos;
        if (!plain || forward.port == 0 || forward.port > 65535) {
            fail_invalid("a forward is not a port and the name of a socket");
        }
        forwards.push_back(std::move(forward));
    }
    return forwards;
}

}  // namespace host_bottle
