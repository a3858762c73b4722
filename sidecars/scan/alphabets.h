// Base64 in both alphabets, hex, base32 and character codes: which bytes they are made of, and
// decoding that does not ask where a text begins or whether it is padded.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace botbottle::scan {

namespace alphabets_detail {

inline constexpr std::uint8_t kNone = 0xff;

// '-' and '_' of the URL alphabet have the values of '+' and '/'.
inline constexpr std::array<std::uint8_t, 256> kBase64 = [] {
    std::array<std::uint8_t, 256> table{};
    table.fill(kNone);
    constexpr std::string_view kDigits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (std::size_t at = 0; at < kDigits.size(); ++at)
        table[static_cast<unsigned char>(kDigits[at])] = static_cast<std::uint8_t>(at);
    table['-'] = table['+'];
    table['_'] = table['/'];
    return table;
}();

inline constexpr std::array<std::uint8_t, 256> kHex = [] {
    std::array<std::uint8_t, 256> table{};
    table.fill(kNone);
    for (unsigned digit = 0; digit < 10; ++digit)
        table['0' + digit] = static_cast<std::uint8_t>(digit);
    for (unsigned digit = 10; digit < 16; ++digit)
        table['a' + digit - 10] = table['A' + digit - 10] = static_cast<std::uint8_t>(digit);
    return table;
}();

inline constexpr std::array<std::uint8_t, 256> kBase32 = [] {
    std::array<std::uint8_t, 256> table{};
    table.fill(kNone);
    for (unsigned digit = 0; digit < 26; ++digit)
        table['a' + digit] = table['A' + digit] = static_cast<std::uint8_t>(digit);
    for (unsigned digit = 26; digit < 32; ++digit)
        table['2' + digit - 26] = static_cast<std::uint8_t>(digit);
    return table;
}();

}  // namespace alphabets_detail

inline bool is_base64(char c) {
    return alphabets_detail::kBase64[static_cast<unsigned char>(c)] != alphabets_detail::kNone;
}
inline bool is_hex(char c) {
    return alphabets_detail::kHex[static_cast<unsigned char>(c)] != alphabets_detail::kNone;
}
inline bool is_base32(char c) {
    return alphabets_detail::kBase32[static_cast<unsigned char>(c)] != alphabets_detail::kNone;
}

// Each appends to `out`; `text` consists of the alphabet's characters only. Bits that fill no
// whole byte at the end are dropped.
void decode_base64(std::string_view text, std::string& out);
void decode_hex(std::string_view text, std::string& out);
void decode_base32(std::string_view text, std::string& out);
// The same, where behind the text `readable` bytes may be read, whatever they are: 32 save a copy.
void decode_base64_within(std::string_view text, std::size_t readable, std::string& out);
void decode_base32_within(std::string_view text, std::size_t readable, std::string& out);
// Numbers between other signs: the printable characters that they are the codes of.
void decode_codes(std::string_view text, std::string& out);

}  // namespace botbottle::scan
