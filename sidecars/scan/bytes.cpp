// See bytes.h. Each way to ask is written for one width of vectors, and chosen when the program
// runs: it may have been built on another machine.
#include "scan/bytes.h"

#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace botbottle::scan {

namespace {

void ask_each(const Kind& kind, const char* from, std::size_t blocks, std::uint64_t* words) {
    const std::array<std::uint8_t, 256>& table = kind.table();
    for (std::size_t block = 0; block < blocks; ++block, from += kBlock) {
        std::uint64_t bits = 0;
        for (std::size_t byte = 0; byte < kBlock; ++byte)
            bits |= std::uint64_t{table[static_cast<unsigned char>(from[byte])]} << byte;
        words[block] = bits;
    }
}

#if defined(__x86_64__)
__attribute__((target("ssse3"))) void ask_16(const Kind& kind, const char* from, std::size_t blocks,
                                             std::uint64_t* words) {
    const __m128i low = _mm_load_si128(reinterpret_cast<const __m128i*>(kind.low()));
    const __m128i high = _mm_load_si128(reinterpret_cast<const __m128i*>(kind.high()));
    const __m128i half = _mm_set1_epi8(0x0f);
    constexpr std::size_t kBytes = 16;
    for (std::size_t block = 0; block < blocks; ++block) {
        std::uint64_t bits = 0;
        for (std::size_t part = 0; part < kBlock; part += kBytes, from += kBytes) {
            const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
            const __m128i common = _mm_and_si128(
                _mm_shuffle_epi8(low, _mm_and_si128(bytes, half)),
                _mm_shuffle_epi8(high, _mm_and_si128(_mm_srli_epi16(bytes, 4), half)));
            const __m128i none = _mm_cmpeq_epi8(common, _mm_setzero_si128());
            bits |= static_cast<std::uint64_t>(static_cast<unsigned>(_mm_movemask_epi8(none)))
                    << part;
        }
        words[block] = ~bits;
    }
}

__attribute__((target("avx2"))) void ask_32(const Kind& kind, const char* from, std::size_t blocks,
                                            std::uint64_t* words) {
    const __m256i low =
        _mm256_broadcastsi128_si256(_mm_load_si128(reinterpret_cast<const __m128i*>(kind.low())));
    const __m256i high =
        _mm256_broadcastsi128_si256(_mm_load_si128(reinterpret_cast<const __m128i*>(kind.high())));
    const __m256i half = _mm256_set1_epi8(0x0f);
    constexpr std::size_t kBytes = 32;
    for (std::size_t block = 0; block < blocks; ++block) {
        std::uint64_t bits = 0;
        for (std::size_t part = 0; part < kBlock; part += kBytes, from += kBytes) {
            const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
            const __m256i common = _mm256_and_si256(
                _mm256_shuffle_epi8(low, _mm256_and_si256(bytes, half)),
                _mm256_shuffle_epi8(high, _mm256_and_si256(_mm256_srli_epi16(bytes, 4), half)));
            const __m256i none = _mm256_cmpeq_epi8(common, _mm256_setzero_si256());
            bits |= static_cast<std::uint64_t>(static_cast<unsigned>(_mm256_movemask_epi8(none)))
                    << part;
        }
        words[block] = ~bits;
    }
}

__attribute__((target("avx512bw"))) void ask_64(const Kind& kind, const char* from,
                                                std::size_t blocks, std::uint64_t* words) {
    // Masked, though all are taken: GCC 12 warns of the other one's own code.
    constexpr __mmask16 kEach = 0xffff;
    const __m512i low = _mm512_maskz_broadcast_i32x4(
        kEach, _mm_load_si128(reinterpret_cast<const __m128i*>(kind.low())));
    const __m512i high = _mm512_maskz_broadcast_i32x4(
        kEach, _mm_load_si128(reinterpret_cast<const __m128i*>(kind.high())));
    const __m512i half = _mm512_set1_epi8(0x0f);
    for (std::size_t block = 0; block < blocks; ++block, from += kBlock) {
        const __m512i bytes = _mm512_loadu_si512(from);
        words[block] = _mm512_test_epi8_mask(
            _mm512_shuffle_epi8(low, _mm512_and_si512(bytes, half)),
            _mm512_shuffle_epi8(high, _mm512_and_si512(_mm512_srli_epi16(bytes, 4), half)));
    }
}
#endif

}  // namespace

Vectors widest_vectors() {
#if defined(__x86_64__)
    static const Vectors widest = __builtin_cpu_supports("avx512bw") != 0 ? Vectors::k64Bytes
                                  : __builtin_cpu_supports("avx2") != 0   ? Vectors::k32Bytes
                                  : __builtin_cpu_supports("ssse3") != 0  ? Vectors::k16Bytes
                                                                          : Vectors::kNone;
    return widest;
#else
    return Vectors::kNone;
#endif
}

void ask_blocks(const Kind& kind, const char* from, std::size_t blocks, std::uint64_t* words,
                Vectors vectors) {
    switch (vectors) {
#if defined(__x86_64__)
        case Vectors::k64Bytes:
            return ask_64(kind, from, blocks, words);
        case Vectors::k32Bytes:
            return ask_32(kind, from, blocks, words);
        case Vectors::k16Bytes:
            return ask_16(kind, from, blocks, words);
#endif
        default:
            return ask_each(kind, from, blocks, words);
    }
}

void ask_blocks(const Kind& kind, const char* from, std::size_t blocks, std::uint64_t* words) {
    ask_blocks(kind, from, blocks, words, widest_vectors());
}

std::size_t ask(const Kind& kind, std::string_view text, std::size_t at,
                std::array<std::uint64_t, kBlocksAtOnce>& words) {
    const std::size_t left = text.size() - at;
    const std::size_t whole = std::min(left / kBlock, kBlocksAtOnce);
    ask_blocks(kind, text.data() + at, whole, words.data());
    const std::size_t more = left % kBlock;
    if (whole == kBlocksAtOnce || more == 0) return whole;
    if (text.size() >= kBlock) {
        // The last block of the text, without what was asked before.
        ask_blocks(kind, text.data() + text.size() - kBlock, 1, &words[whole]);
        words[whole] >>= kBlock - more;
        return whole + 1;
    }
    std::array<char, kBlock> rest{};
    std::memcpy(rest.data(), text.data() + at, more);
    ask_blocks(kind, rest.data(), 1, &words[whole]);
    words[whole] &= ~(~std::uint64_t{0} << more);
    return whole + 1;
}

void find_pairs(std::string_view text, const Kind& first, const Kind& second,
                std::vector<std::size_t>& places) {
    std::array<std::uint64_t, kBlocksAtOnce> firsts;
    std::array<std::uint64_t, kBlocksAtOnce> seconds;
    std::uint64_t open = 0;  // the last byte before a block is a first one
    for (std::size_t at = 0, count = 0; at < text.size(); at += count * kBlock) {
        count = ask(first, text, at, firsts);
        ask(second, text, at, seconds);
        for (std::size_t word = 0; word < count; ++word) {
            std::uint64_t both = seconds[word] & (firsts[word] << 1U | open);
            open = firsts[word] >> (kBlock - 1);
            for (; both != 0; both &= both - 1)
                places.push_back(at + word * kBlock +
                                 static_cast<std::size_t>(std::countr_zero(both)) - 1);
        }
    }
}

}  // namespace botbottle::scan
