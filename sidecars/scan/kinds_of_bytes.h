// The kinds of bytes that several parts look for, of one byte and of a block of them.
#pragma once

#include <string_view>

#include "scan/bytes.h"

namespace botbottle::scan {

inline bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
inline bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

// Of either alphabet.
inline constexpr auto are_base64 = [](const Bytes& bytes) {
    return bytes.lower().is('a', 'z') | bytes.is('0', '9') | bytes.is('+') | bytes.is('-') |
           bytes.is('/') | bytes.is('_');
};

// Digits, and what may stand between groups of them.
inline constexpr auto are_of_numbers = [](const Bytes& bytes) {
    return bytes.is('0', '9') | bytes.is(' ') | bytes.is('-');
};

}  // namespace botbottle::scan
