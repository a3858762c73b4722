// What a request of the agent's git asks for: exactly the five that smart HTTP has. Every other
// path is unknown, so that nothing that git itself would do with a path is ever reached.
#pragma once

#include <cstdint>
#include <string_view>

namespace botbottle::git_gate {

enum class Service : std::uint8_t { kFetch, kPush };

struct GitRequest {
    int status = 200;         // else the answer: 404, 405
    bool advertises = false;  // GET …/info/refs; else POST
    Service service = Service::kFetch;
    std::string_view repo;   // its name, without ".git"; compared with the declared ones
    std::string_view path;   // "/info/refs", "/git-upload-pack", "/git-receive-pack"
    std::string_view query;  // as CGI has it
};

// The views point into `target`, which is what was sent: nothing is decoded, since no name that is
// declared needs an escape.
GitRequest read_request(std::string_view method, std::string_view target) noexcept;

}  // namespace botbottle::git_gate
