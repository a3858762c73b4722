// HTTP/1.1, as much of it as one well-behaved client (the egress) needs.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace botbottle::demo {

struct Request {
    std::string method;
    std::string target;
    std::string head;  // all header lines

    // The value of a header, nullopt when it is absent.
    std::optional<std::string> header(std::string_view name) const;
    std::size_t content_length() const;
};

// From the bytes up to and including the empty line; nullopt when they are no request.
std::optional<Request> parse_request(std::string_view head);

std::string response(int status, std::string_view reason, std::string_view json);

std::string json_string(std::string_view text);
std::string json_or_null(const std::optional<std::string>& text);

}  // namespace botbottle::demo
