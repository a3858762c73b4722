// See skeleton.h. Each own value is looked for in the skeleton of each text, so that making one is
// written thrice: byte by byte, eight bytes at a time for processors that have SSSE3 and POPCNT,
// and 64 at a time for those with AVX-512 (VBMI2).
#include "scan/skeleton.h"

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace botbottle::scan {

namespace {

constexpr std::array<char, 256> kFolded = [] {
    std::array<char, 256> table{};
    for (char c = '0'; c <= '9'; ++c)
        table[static_cast<unsigned char>(c)] = c;
    for (char c = 'a'; c <= 'z'; ++c)
        table[static_cast<unsigned char>(c)] = table[static_cast<unsigned char>(c) ^ 0x20U] = c;
    return table;
}();

char* fold_each(std::string_view text, char* to) {
    for (const char c : text) {
        *to = kFolded[static_cast<unsigned char>(c)];
        to += static_cast<std::ptrdiff_t>(*to != 0);
    }
    return to;
}

#if defined(__x86_64__)
// For each choice of eight bytes: which of them go where.
constexpr std::array<std::uint64_t, 256> kChosen = [] {
    std::array<std::uint64_t, 256> table{};
    for (unsigned choice = 0; choice < 256; ++choice) {
        unsigned place = 0;
        for (std::uint64_t byte = 0; byte < 8; ++byte)
            if ((choice >> byte & 1U) != 0) table[choice] |= byte << (8 * place++);
    }
    return table;
}();

// Writes up to 16 bytes more than it makes.
__attribute__((target("ssse3,popcnt"))) char* fold_blocks(std::string_view& text, char* to) {
    const auto in_span =
        [](__m128i bytes, char first, char span) __attribute__((target("ssse3,popcnt"))) {
        const __m128i above = _mm_sub_epi8(bytes, _mm_set1_epi8(first));
        return _mm_cmpeq_epi8(_mm_min_epu8(above, _mm_set1_epi8(span)), above);
    };
    constexpr std::size_t kBytes = 16;
    for (; text.size() >= kBytes; text.remove_prefix(kBytes)) {
        const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data()));
        const __m128i small = _mm_or_si128(bytes, _mm_set1_epi8(0x20));
        const __m128i letters = in_span(small, 'a', 'z' - 'a');
        const __m128i digits = in_span(bytes, '0', '9' - '0');
        const auto kept = static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(letters, digits)));
        // Digits have that bit already.
        const auto low = kept & 0xffU;
        const auto high = kept >> 8U;
        const __m128i first =
            _mm_shuffle_epi8(small, _mm_cvtsi64_si128(static_cast<std::int64_t>(kChosen[low])));
        const __m128i second = _mm_shuffle_epi8(
            _mm_srli_si128(small, 8), _mm_cvtsi64_si128(static_cast<std::int64_t>(kChosen[high])));
        _mm_storel_epi64(reinterpret_cast<__m128i*>(to), first);
        to += std::popcount(low);
        _mm_storel_epi64(reinterpret_cast<__m128i*>(to), second);
        to += std::popcount(high);
    }
    return to;
}

// Writes up to 64 bytes more than it makes.
__attribute__((target("avx512bw,avx512vbmi2,popcnt"))) char* fold_wide_blocks(
    std::string_view& text, char* to) {
    const __m512i case_bit = _mm512_set1_epi8(0x20);
    const __m512i first_letter = _mm512_set1_epi8('a');
    const __m512i first_digit = _mm512_set1_epi8('0');
    const __m512i letters = _mm512_set1_epi8('z' - 'a' + 1);
    const __m512i digits = _mm512_set1_epi8('9' - '0' + 1);
    constexpr std::size_t kBytes = 64;
    for (; text.size() >= kBytes; text.remove_prefix(kBytes)) {
        const __m512i bytes = _mm512_loadu_si512(text.data());
        const __m512i small = _mm512_or_si512(bytes, case_bit);
        // Digits have that bit already.
        const __mmask64 kept =
            _mm512_cmplt_epu8_mask(_mm512_sub_epi8(small, first_letter), letters) |
            _mm512_cmplt_epu8_mask(_mm512_sub_epi8(bytes, first_digit), digits);
        _mm512_storeu_si512(to, _mm512_maskz_compress_epi8(kept, small));
        to += std::popcount(static_cast<std::uint64_t>(kept));
    }
    return to;
}

bool has_wide_blocks() {
    static const bool has = __builtin_cpu_supports("avx512bw") != 0 &&
                            __builtin_cpu_supports("avx512vbmi2") != 0 &&
                            __builtin_cpu_supports("popcnt") != 0;
    return has;
}

bool has_blocks() {
    static const bool has =
        __builtin_cpu_supports("ssse3") != 0 && __builtin_cpu_supports("popcnt") != 0;
    return has;
}
#endif

}  // namespace

void append_skeleton(std::string_view text, std::string& skeleton) {
    constexpr std::size_t kRoom = 64;
    const std::size_t begin = skeleton.size();
    skeleton.resize(begin + text.size() + kRoom);
    char* to = skeleton.data() + begin;
#if defined(__x86_64__)
    if (has_wide_blocks()) to = fold_wide_blocks(text, to);
    if (has_blocks()) to = fold_blocks(text, to);
#endif
    to = fold_each(text, to);
    skeleton.resize(static_cast<std::size_t>(to - skeleton.data()));
}

}  // namespace botbottle::scan
