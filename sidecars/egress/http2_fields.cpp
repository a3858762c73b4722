// See http2_fields.h.
#include "egress/http2_fields.h"

#include <cctype>

namespace botbottle::egress {

namespace {
constexpr std::size_t kSpare = 512;  // for a length and the name of a credential's header
}

Http2Fields::Http2Fields(const http::HeaderFields& fields) : fields_(fields) {
    std::size_t size = kSpare;
    for (const http::HeaderField& field : fields)
        size += field.name.size();
    text_.reserve(size);
    list_.reserve(fields.size() + 6);
}

std::string_view Http2Fields::lower(std::string_view name) {
    const std::size_t at = text_.size();
    for (const char c : name)
        text_ += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return std::string_view(text_).substr(at);
}

void Http2Fields::pseudo(std::string_view name, std::string_view value) {
    list_.push_back({name, value, false});
}

void Http2Fields::append(const http::Framing& framing) {
    for (const http::HeaderField& field : fields_)
        list_.push_back({lower(field.name), field.value, false});
    if (!framing.length) return;
    const std::string_view length = lower(std::to_string(*framing.length));
    list_.push_back({"content-length", length, false});
}

void Http2Fields::append_secret(const http::HeaderField& field) {
    if (field.name.size() <= kSpare / 2) list_.push_back({lower(field.name), field.value, true});
}

}  // namespace botbottle::egress
