#include "git-gate/cgi.h"

#include <array>
#include <charconv>

#include "http/header.h"

namespace botbottle::git_gate {
namespace {

constexpr std::array<std::string_view, 4> kPassed = {"Content-Type", "Cache-Control", "Expires",
                                                     "Pragma"};

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
        text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\r'))
        text.remove_suffix(1);
    return text;
}

bool take_line(CgiHead& head, std::string_view line) {
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) return false;
    const std::string_view name = line.substr(0, colon);
    const std::string_view value = trimmed(line.substr(colon + 1));
    if (!http::is_token(name) || !http::is_field_value(value)) return false;
    if (http::equal_ignoring_case(name, "Status")) {
        const auto end = std::from_chars(value.data(), value.data() + value.size(), head.status);
        return end.ec == std::errc() && head.status >= 200 && head.status <= 599;
    }
    for (const std::string_view passed : kPassed)
        if (http::equal_ignoring_case(name, passed)) head.fields.emplace_back(passed, value);
    return true;
}

}  // namespace

std::optional<CgiHead> read_cgi_head(std::string_view buffer) {
    CgiHead head;
    std::size_t at = 0;
    for (;;) {
        const auto end = buffer.find('\n', at);
        if (end == std::string_view::npos) {
            if (buffer.size() <= kMaxCgiHead) return std::nullopt;
            head.status = 0;
            return head;
        }
        const std::string_view line = trimmed(buffer.substr(at, end - at));
        at = end + 1;
        if (line.empty()) break;
        if (!take_line(head, line)) {
            head.status = 0;
            break;
        }
    }
    head.size = at;
    return head;
}

}  // namespace botbottle::git_gate
