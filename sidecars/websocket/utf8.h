// Utf8Checker: whether a text is UTF-8 (RFC 3629: no overlong form, no surrogate, nothing beyond
// U+10FFFF), whatever pieces it comes in.
#pragma once

#include <cstdint>
#include <string_view>

namespace botbottle::websocket {

class Utf8Checker {
  public:
    // False as soon as no continuation could make it valid.
    bool add(std::string_view piece) noexcept;
    // Whether the text may end here. The next piece begins another text.
    bool finish() noexcept;

  private:
    int missing_ = 0;  // bytes of the character under way
    // What its next byte may be.
    unsigned char low_ = 0x80;
    unsigned char high_ = 0xBF;
};

}  // namespace botbottle::websocket
