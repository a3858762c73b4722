// CGI (RFC 3875): the head of an answer, and the environment of a request.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace botbottle::git_gate {

struct CgiHead {
    int status = 200;
    std::vector<std::pair<std::string, std::string>> fields;  // of those that may pass
    std::size_t size = 0;                                     // bytes, with the empty line
};

// Longer heads are an error.
inline constexpr std::size_t kMaxCgiHead = std::size_t{16} * 1024;

// The head at the front of `buffer`; nothing while it is incomplete. A head that is none has status
// 0.
std::optional<CgiHead> read_cgi_head(std::string_view buffer);

}  // namespace botbottle::git_gate
