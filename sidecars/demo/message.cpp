#include "demo/message.h"

#include <strings.h>

#include <charconv>
#include <cstdio>

namespace botbottle::demo {

std::optional<std::string> Request::header(std::string_view name) const {
    std::string_view rest = head;
    while (!rest.empty()) {
        const auto end = rest.find("\r\n");
        const std::string_view line = rest.substr(0, end);
        rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 2);
        if (line.size() <= name.size() || line[name.size()] != ':' ||
            strncasecmp(line.data(), name.data(), name.size()) != 0)
            continue;
        std::string_view value = line.substr(name.size() + 1);
        while (!value.empty() && value.front() == ' ')
            value.remove_prefix(1);
        return std::string(value);
    }
    return std::nullopt;
}

std::size_t Request::content_length() const {
    const std::string text = header("Content-Length").value_or("0");
    std::size_t length = 0;
    std::from_chars(text.data(), text.data() + text.size(), length);
    return length;
}

std::optional<Request> parse_request(std::string_view head) {
    const auto line_end = head.find("\r\n");
    const std::string_view line = head.substr(0, line_end);
    const auto first = line.find(' ');
    const auto second = line.find(' ', first + 1);
    if (line_end == std::string_view::npos || first == std::string_view::npos ||
        second == std::string_view::npos)
        return std::nullopt;
    return Request{std::string(line.substr(0, first)),
                   std::string(line.substr(first + 1, second - first - 1)),
                   std::string(head.substr(line_end + 2))};
}

std::string response(int status, std::string_view reason, std::string_view json) {
    std::string text = "HTTP/1.1 " + std::to_string(status) + " ";
    text += reason;
    text += "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(json.size()) +
            "\r\n\r\n";
    text += json;
    return text;
}

std::string json_string(std::string_view text) {
    std::string quoted = "\"";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte >= 0x7f) {
            char escape[8];
            std::snprintf(escape, sizeof escape, "\\u%04x", byte);
            quoted += escape;
            continue;
        }
        if (c == '"' || c == '\\') quoted += '\\';
        quoted += c;
    }
    return quoted += '"';
}

std::string json_or_null(const std::optional<std::string>& text) {
    return text ? json_string(*text) : "null";
}

}  // namespace botbottle::demo
