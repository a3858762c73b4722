// See redactor.h.
#include "egress/redactor.h"

#include <algorithm>

namespace botbottle::egress {

namespace {

// Length of the longest end of `bytes` that begins the value.
std::size_t partial_match(std::string_view bytes, std::string_view value) {
    std::size_t length = std::min(bytes.size(), value.size() - 1);
    while (length > 0 && bytes.substr(bytes.size() - length) != value.substr(0, length))
        --length;
    return length;
}

}  // namespace

RedactionPattern::RedactionPattern(std::string_view text) : value_(text), failure_(text.size()) {
    std::uint32_t matched = 0;
    for (std::size_t i = 1; i < text.size(); ++i) {
        while (matched > 0 && text[i] != text[matched])
            matched = failure_[matched - 1];
        if (text[i] == text[matched]) ++matched;
        failure_[i] = matched;
    }
}

std::string_view Redactor::filter(std::string_view bytes) {
    const std::string_view value = pattern_->value();
    if (matched_ == 0 && bytes.find(value) == std::string_view::npos) {
        matched_ = partial_match(bytes, value);
        bytes.remove_suffix(matched_);
        return bytes;
    }
    output_.clear();
    for (const char byte : bytes) {
        while (matched_ > 0 && byte != value[matched_]) {
            const std::size_t kept = pattern_->fall_back(matched_);
            output_.append(value.substr(0, matched_ - kept));
            matched_ = kept;
        }
        if (byte != value[matched_]) {
            output_ += byte;
        } else if (++matched_ == value.size()) {
            output_.append(value.size(), '*');
            matched_ = 0;
        }
    }
    return output_;
}

std::string_view Redactor::finish() {
    output_.assign(pattern_->value().substr(0, matched_));
    matched_ = 0;
    return output_;
}

bool redact(std::string& text, const RedactionPattern& pattern) {
    const std::string_view value = pattern.value();
    bool found = false;
    for (auto at = text.find(value); at != std::string::npos; at = text.find(value, at)) {
        text.replace(at, value.size(), value.size(), '*');
        found = true;
    }
    return found;
}

}  // namespace botbottle::egress
