// Denials: an answer that the model in the bottle can read and act on.
#pragma once

#include <string>
#include <string_view>

namespace botbottle::http {

struct Denial {
    int status = 403;
    std::string_view rule;
    std::string_view reason;
    std::string_view hint;
};

// {"botbottle":{"verdict":"denied","rule":…,"reason":…,"hint":…,"proposal_tool":"egress-block"}}
// Always valid JSON: control characters are escaped, bytes that are not UTF-8 become U+FFFD.
std::string denial_body(const Denial& denial);

// A whole HTTP/1.1 response with that body. `head_only` answers a HEAD request.
void append_denial_response(std::string& out, const Denial& denial, bool keep_alive,
                            bool head_only);

}  // namespace botbottle::http
