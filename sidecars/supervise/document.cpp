#include "supervise/document.h"

#include "supervise/limits.h"

namespace botbottle::supervise {
namespace {

bool is_shallow(std::string_view text) {
    std::size_t depth = 0;
    bool in_string = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (in_string) {
            if (c == '\\') ++i;
            if (c == '"') in_string = false;
            continue;
        }
        if (c == '"') in_string = true;
        if ((c == '[' || c == '{') && ++depth > kMaxDepth) return false;
        if ((c == ']' || c == '}') && depth > 0) --depth;
    }
    return true;
}

}  // namespace

std::optional<Json> parse_document(std::string_view text) {
    if (!is_shallow(text)) return std::nullopt;
    Json document = Json::parse(text, nullptr, false);
    if (document.is_discarded()) return std::nullopt;
    return document;
}

std::string write_document(const Json& document) {
    return document.dump(-1, ' ', true, Json::error_handler_t::replace);
}

}  // namespace botbottle::supervise
