#include "supervise/dockerfile_request.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "supervise/limits.h"

namespace botbottle::supervise {
namespace {

tl::unexpected<Error> bad(const std::string& message, std::string hint = {}) {
    return failure("invalid_arguments", "dockerfile: " + message, std::move(hint));
}

std::string_view trimmed(std::string_view line) {
    const auto first = line.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return line.substr(first, line.find_last_not_of(" \t") - first + 1);
}

std::string lower(std::string_view text) {
    std::string result(text);
    std::transform(result.begin(), result.end(), result.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return result;
}

// `# syntax=`, `# escape=`, `# check=`: only leading comments are directives, but nobody who reads
// a diff should have to know that.
bool is_directive(std::string_view line) {
    line = trimmed(line);
    if (!line.starts_with('#')) return false;
    const std::string_view comment = trimmed(line.substr(1));
    const auto equals = comment.find('=');
    if (equals == std::string_view::npos) return false;
    const std::string name = lower(trimmed(comment.substr(0, equals)));
    return name == "syntax" || name == "escape" || name == "check";
}

bool is_from(std::string_view line) {
    const std::string text = lower(trimmed(line));
    return text.starts_with("from ") || text.starts_with("from\t");
}

}  // namespace

Result<Json> canonical_dockerfile(const Json& arguments) {
    if (!arguments.is_object()) return bad("the arguments must be an object");
    for (const auto& [name, value] : arguments.items())
        if (name != "dockerfile" && name != "justification")
            return failure("invalid_arguments", "there is no argument of that name",
                           "dockerfile, justification");
    const auto found = arguments.find("dockerfile");
    if (found == arguments.end() || !found->is_string()) return bad("must be a string");
    auto text = found->get<std::string>();
    if (text.size() > kMaxProposal) return bad("is longer than 256 KiB");
    if (std::any_of(text.begin(), text.end(), [](unsigned char c) {
            return (c < 0x20 && c != '\n' && c != '\t') || c == 0x7f;
        }))
        return bad("has a control character", "lines end with \\n alone");
    if (!text.ends_with('\n')) text += '\n';
    bool from = false;
    for (std::size_t at = 0; at < text.size();) {
        const auto end = text.find('\n', at);
        const std::string_view line = std::string_view(text).substr(at, end - at);
        at = end + 1;
        if (is_directive(line))
            return bad("has a parser directive",
                       "leave syntax, escape and check out: they change what the other lines mean");
        from = from || is_from(line);
    }
    if (!from) return bad("has no FROM", "give the whole text, not a part of it");
    return Json{{"dockerfile", std::move(text)}};
}

}  // namespace botbottle::supervise
