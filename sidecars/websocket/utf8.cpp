// See utf8.h. The table is RFC 3629 4.
#include "websocket/utf8.h"

namespace botbottle::websocket {

bool Utf8Checker::add(std::string_view piece) noexcept {
    for (const char c : piece) {
        const auto byte = static_cast<unsigned char>(c);
        if (missing_ > 0) {
            if (byte < low_ || byte > high_) return false;
            low_ = 0x80;
            high_ = 0xBF;
            --missing_;
            continue;
        }
        if (byte < 0x80) continue;
        if (byte < 0xC2 || byte > 0xF4) return false;
        missing_ = byte < 0xE0 ? 1 : byte < 0xF0 ? 2 : 3;
        if (byte == 0xE0) low_ = 0xA0;
        if (byte == 0xED) high_ = 0x9F;
        if (byte == 0xF0) low_ = 0x90;
        if (byte == 0xF4) high_ = 0x8F;
    }
    return true;
}

bool Utf8Checker::finish() noexcept {
    const bool complete = missing_ == 0;
    *this = {};
    return complete;
}

}  // namespace botbottle::websocket
