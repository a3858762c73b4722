// Redaction: a route's own credential, when the origin sends it back (an echo, an error page), does
// not reach the bottle. Values are replaced by as many asterisks, so that no length changes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.h"

namespace botbottle::egress {

// One value to look for, prepared once.
class RedactionPattern {
  public:
    explicit RedactionPattern(std::string_view value);

    std::string_view value() const noexcept { return value_.reveal(); }
    // Knuth-Morris-Pratt: how much of the value still matches when the next byte does not.
    std::size_t fall_back(std::size_t matched) const { return failure_[matched - 1]; }

  private:
    Secret value_;
    std::vector<std::uint32_t> failure_;
};

// Replaces every occurrence of one value in a stream, whatever pieces it comes in. Only bytes that
// may be the beginning of the value are held back, so that a stream of events is not delayed.
class Redactor {
  public:
    explicit Redactor(const RedactionPattern& pattern) : pattern_(&pattern) {}

    // The bytes that can go on; they lie in `bytes` or in this object until the next call.
    std::string_view filter(std::string_view bytes);
    // What is still held back: the stream ended, or is not looked at any further.
    std::string_view finish();

  private:
    const RedactionPattern* pattern_;
    std::size_t matched_ = 0;  // bytes of the value that are held back
    std::string output_;
};

// The same for a whole text. True when something was replaced.
bool redact(std::string& text, const RedactionPattern& pattern);

}  // namespace botbottle::egress
