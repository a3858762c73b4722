// ProtocolError: why a message was refused. Static text only: nothing of the message is repeated.
#pragma once

#include <string_view>

namespace botbottle::http {

struct ProtocolError {
    int status = 0;         // to answer with: 400, 413, 414, 417, 431, 501, 505; 502 for a response
    std::string_view rule;  // stable lower_snake_case word, for the audit line and the denial
    std::string_view reason;
};

}  // namespace botbottle::http
