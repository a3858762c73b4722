// Byte classes of RFC 3986, and digits: one table for every parser that reads a URL.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace botbottle {

namespace bytes_detail {

enum : std::uint8_t { kUnreserved = 1, kPath = 2, kTarget = 4 };

inline constexpr std::array<std::uint8_t, 256> kTable = [] {
    std::array<std::uint8_t, 256> table{};
    const auto mark = [&table](std::string_view bytes, int classes) {
        for (const char c : bytes) {
            auto& entry = table[static_cast<unsigned char>(c)];
            entry = static_cast<std::uint8_t>(entry | classes);
        }
    };
    mark("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~",
         kUnreserved | kPath | kTarget);
    // pchar and "/", and "[" and "]", which browsers leave as they are.
    mark("!$&'()*+,;=:@/[]%", kPath | kTarget);
    mark("?", kTarget);
    return table;
}();

inline constexpr bool in_class(char c, std::uint8_t byte_class) noexcept {
    return (kTable[static_cast<unsigned char>(c)] & byte_class) != 0;
}

}  // namespace bytes_detail

// ALPHA, DIGIT, "-", ".", "_", "~": bytes that mean the same escaped and plain.
inline constexpr bool is_unreserved(char c) noexcept {
    return bytes_detail::in_class(c, bytes_detail::kUnreserved);
}
// May stand in a path, as itself or ("%") as the start of an escape.
inline constexpr bool is_path_byte(char c) noexcept {
    return bytes_detail::in_class(c, bytes_detail::kPath);
}
// May stand in a request target: a path byte or "?".
inline constexpr bool is_target_byte(char c) noexcept {
    return bytes_detail::in_class(c, bytes_detail::kTarget);
}

inline constexpr bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}

// The value of a hexadecimal digit, or -1.
inline constexpr int hex_value(char c) noexcept {
    if (is_digit(c)) return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

}  // namespace botbottle
