#include "scan/alphabets.h"

#include <algorithm>
#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

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

#if defined(__x86_64__)
// Rows of 32 digits of base64, which come to 24 bytes; 32 are written.
__attribute__((target("avx2"))) void decode_rows_of_base64(const char* from, std::size_t rows,
                                                           char* to) {
    const __m256i half = _mm256_set1_epi8(0x0f);
    const __m256i plus = _mm256_set1_epi8('+');
    const __m256i minus = _mm256_set1_epi8('-');
    const __m256i line = _mm256_set1_epi8('_');
    const __m256i behind_plus = _mm256_set1_epi8('/' - '+' - 1);
    const __m256i behind_minus = _mm256_set1_epi8('/' - '-' - 1);
    const __m256i behind_line = _mm256_set1_epi8(63 - '_' + 'A');
    // What is added to a digit to have its value, by its upper half; the right one for most.
    const __m256i added = _mm256_setr_epi8(0, 0, 63 - '/', 52 - '0', -'A', -'A', 26 - 'a', 26 - 'a',
                                           0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 63 - '/', 52 - '0', -'A',
                                           -'A', 26 - 'a', 26 - 'a', 0, 0, 0, 0, 0, 0, 0, 0);
    const __m256i order = _mm256_setr_epi8(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1,
                                           2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1);
    const __m256i together = _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 3, 7);
    constexpr std::size_t kDigits = 32;
    constexpr std::size_t kBytes = 24;
    for (; rows > 0; --rows, from += kDigits, to += kBytes) {
        const __m256i digits = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
        const __m256i upper = _mm256_and_si256(_mm256_srli_epi16(digits, 4), half);
        __m256i values = _mm256_add_epi8(digits, _mm256_shuffle_epi8(added, upper));
        // '+' and '-' are 62, '_' is 63.
        values =
            _mm256_add_epi8(values, _mm256_and_si256(_mm256_cmpeq_epi8(digits, plus), behind_plus));
        values = _mm256_add_epi8(values,
                                 _mm256_and_si256(_mm256_cmpeq_epi8(digits, minus), behind_minus));
        values =
            _mm256_add_epi8(values, _mm256_and_si256(_mm256_cmpeq_epi8(digits, line), behind_line));
        const __m256i pairs = _mm256_maddubs_epi16(values, _mm256_set1_epi32(0x01400140));
        const __m256i fours = _mm256_madd_epi16(pairs, _mm256_set1_epi32(0x00011000));
        const __m256i bytes =
            _mm256_permutevar8x32_epi32(_mm256_shuffle_epi8(fours, order), together);
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), bytes);
    }
}

// Rows of 32 digits of base32, which come to 20 bytes; 26 are written.
__attribute__((target("avx2"))) void decode_rows_of_base32(const char* from, std::size_t rows,
                                                           char* to) {
    const __m256i low_bits = _mm256_set1_epi8(0x1f);
    const __m256i before_letters = _mm256_set1_epi8('A' - 1);
    // Of a letter the low bits are one more than its value; of a digit they are nine less than
    // that.
    const __m256i of_letter = _mm256_set1_epi8(-1);
    const __m256i of_digit = _mm256_set1_epi8(26 - ('2' & 0x1f));
    const __m256i first_half = _mm256_set1_epi64x(0x000000fffff00000);
    const __m256i order = _mm256_setr_epi8(4, 3, 2, 1, 0, 12, 11, 10, 9, 8, -1, -1, -1, -1, -1, -1,
                                           4, 3, 2, 1, 0, 12, 11, 10, 9, 8, -1, -1, -1, -1, -1, -1);
    constexpr std::size_t kDigits = 32;
    constexpr std::size_t kHalf = 10;
    for (; rows > 0; --rows, from += kDigits, to += 2 * kHalf) {
        const __m256i digits = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
        const __m256i is_letter = _mm256_cmpgt_epi8(digits, before_letters);
        const __m256i values = _mm256_add_epi8(_mm256_and_si256(digits, low_bits),
                                               _mm256_blendv_epi8(of_digit, of_letter, is_letter));
        const __m256i pairs = _mm256_maddubs_epi16(values, _mm256_set1_epi16(0x0120));
        const __m256i fours = _mm256_madd_epi16(pairs, _mm256_set1_epi32(0x00010400));
        const __m256i eights =
            _mm256_or_si256(_mm256_and_si256(_mm256_slli_epi64(fours, 20), first_half),
                            _mm256_srli_epi64(fours, 32));
        const __m256i bytes = _mm256_shuffle_epi8(eights, order);
        _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm256_castsi256_si128(bytes));
        _mm_storeu_si128(reinterpret_cast<__m128i*>(to + kHalf),
                         _mm256_extracti128_si256(bytes, 1));
    }
}

bool has_rows() {
    static const bool has = __builtin_cpu_supports("avx2") != 0;
    return has;
}

// Digits of so many bits, 32 a row.
template <std::size_t kBits, typename DecodeRows>
void decode_by_rows(std::string_view text, std::size_t readable, std::string& out,
                    DecodeRows decode_rows) {
    constexpr std::size_t kDigits = 32;
    constexpr std::size_t kBytes = kDigits * kBits / 8;
    constexpr std::size_t kRoom = 32;
    const std::size_t begin = out.size();
    const std::size_t rows = text.size() / kDigits;
    const std::size_t more = text.size() % kDigits;
    out.resize(begin + (rows + 1) * kBytes + kRoom);
    char* to = out.data() + begin;
    // What comes of bytes behind the text is cut off.
    const bool runs_over = more > 0 && readable >= kDigits - more;
    decode_rows(text.data(), runs_over ? rows + 1 : rows, to);
    if (more > 0 && !runs_over) {
        std::array<char, kDigits> rest;
        rest.fill('A');
        std::memcpy(rest.data(), text.data() + rows * kDigits, more);
        decode_rows(rest.data(), 1, to + rows * kBytes);
    }
    out.resize(begin + rows * kBytes + more * kBits / 8);
}
#endif

}  // namespace

void decode_base64(std::string_view text, std::string& out) {
    decode_base64_within(text, 0, out);
}

void decode_base64_within(std::string_view text, [[maybe_unused]] std::size_t readable,
                          std::string& out) {
#if defined(__x86_64__)
    if (has_rows()) return decode_by_rows<6>(text, readable, out, decode_rows_of_base64);
#endif
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
    decode_base32_within(text, 0, out);
}

void decode_base32_within(std::string_view text, [[maybe_unused]] std::size_t readable,
                          std::string& out) {
#if defined(__x86_64__)
    if (has_rows()) return decode_by_rows<5>(text, readable, out, decode_rows_of_base32);
#endif
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
