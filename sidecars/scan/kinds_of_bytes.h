// The kinds of bytes that several parts look for, of one byte and of a block of them.
#pragma once

#include <string_view>

#include "scan/alphabets.h"
#include "scan/bytes.h"

namespace botbottle::scan {

inline constexpr bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
inline constexpr bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

// Of either alphabet.
inline constexpr Kind kBase64Digits([](char c) {
    return alphabets_detail::kBase64[static_cast<unsigned char>(c)] != alphabets_detail::kNone;
});

// Digits, and what may stand between groups of them.
inline constexpr Kind kOfNumbers([](char c) { return is_digit(c) || c == ' ' || c == '-'; });

}  // namespace botbottle::scan
