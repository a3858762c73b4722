#include "scan/alphabets.h"

#include <algorithm>

#include "scan/kinds_of_bytes.h"

namespace botbottle::scan {

namespace {

using Table = std::array<std::uint8_t, 256>;

std::uint32_t value(const Table& table, char c) {
    return table[static_cast<unsigned char>(c)];
}

template <unsigned kBits>
void decode(const Table& table, std::string_view text, std::string& out) {
    std::uint32_t bits = 0;
    unsigned held = 0;
    for (const char c : text) {
        bits = bits << kBits | value(table, c);
        held += kBits;
        if (held < 8) continue;
        held -= 8;
        out += static_cast<char>(bits >> held & 0xffU);
    }
}

}  // namespace

void decode_base64(std::string_view text, std::string& out) {
    const Table& table = alphabets_detail::kBase64;
    const std::size_t begin = out.size();
    out.resize(begin + text.size() / 4 * 3);
    char* to = out.data() + begin;
    for (; text.size() >= 4; text.remove_prefix(4)) {
        const std::uint32_t bits = value(table, text[0]) << 18U | value(table, text[1]) << 12U |
                                   value(table, text[2]) << 6U | value(table, text[3]);
        *to++ = static_cast<char>(bits >> 16U & 0xffU);
        *to++ = static_cast<char>(bits >> 8U & 0xffU);
        *to++ = static_cast<char>(bits & 0xffU);
    }
    decode<6>(table, text, out);
}

void decode_hex(std::string_view text, std::string& out) {
    decode<4>(alphabets_detail::kHex, text, out);
}

void decode_base32(std::string_view text, std::string& out) {
    const Table& table = alphabets_detail::kBase32;
    constexpr std::size_t kDigits = 8;
    constexpr std::size_t kBytes = 5;
    const std::size_t begin = out.size();
    out.resize(begin + text.size() / kDigits * kBytes);
    char* to = out.data() + begin;
    for (; text.size() >= kDigits; text.remove_prefix(kDigits)) {
        std::uint64_t bits = 0;
        for (std::size_t at = 0; at < kDigits; ++at)
            bits = bits << 5U | value(table, text[at]);
        for (std::size_t byte = kBytes; byte-- > 0; bits >>= 8U)
            to[byte] = static_cast<char>(bits & 0xffU);
        to += kBytes;
    }
    decode<5>(table, text, out);
}

void decode_codes(std::string_view text, std::string& out) {
    constexpr unsigned kMost = 1000;
    unsigned number = 0;
    bool open = false;
    const auto end_number = [&] {
        if (open && number >= ' ' && number < 0x7f) out += static_cast<char>(number);
        number = 0;
        open = false;
    };
    for (const char c : text) {
        if (!is_digit(c)) {
            end_number();
            continue;
        }
        number = std::min(number * 10 + static_cast<unsigned>(c - '0'), kMost);
        open = true;
    }
    end_number();
}

}  // namespace botbottle::scan
