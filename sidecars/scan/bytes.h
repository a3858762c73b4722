// Many bytes of a text asked at once, and what is built of that: the next byte of a kind, and rows
// of them. Of 64 bytes the answer is one word, a bit each; on x86-64 it takes some ten instructions
// (AVX-512, AVX2 or SSSE3, whichever the processor has), elsewhere a look into a table for each.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace botbottle::scan {

inline constexpr std::size_t kBlock = 64;

// A kind of bytes: those of which `is` says so. A byte is of the kind where the entries of its two
// halves have a bit in common: that is how a vector is asked.
class Kind {
  public:
    template <typename Is>
    explicit constexpr Kind(Is is) {
        constexpr unsigned kHalf = 16;
        // High halves with the same low ones share a bit. More than eight do not compile: the bit
        // is none of a byte.
        std::array<std::uint16_t, 8> rows{};
        unsigned known = 0;
        for (unsigned high = 0; high < kHalf; ++high) {
            std::uint16_t row = 0;
            for (unsigned low = 0; low < kHalf; ++low) {
                const unsigned byte = high * kHalf + low;
                has_[byte] = static_cast<std::uint8_t>(is(static_cast<char>(byte)) ? 1 : 0);
                if (has_[byte] != 0) row = static_cast<std::uint16_t>(row | 1U << low);
            }
            if (row == 0) continue;
            unsigned bit = 0;
            while (bit < known && rows[bit] != row)
                ++bit;
            if (bit == known) rows[known++] = row;  // out of bounds is no constant
            high_[high] = static_cast<std::uint8_t>(1U << bit);
            for (unsigned low = 0; low < kHalf; ++low)
                if ((row >> low & 1U) != 0)
                    low_[low] = static_cast<std::uint8_t>(low_[low] | 1U << bit);
        }
    }

    bool has(char c) const { return has_[static_cast<unsigned char>(c)] != 0; }
    const std::array<std::uint8_t, 256>& table() const { return has_; }
    const std::uint8_t* low() const { return low_.data(); }
    const std::uint8_t* high() const { return high_.data(); }

  private:
    alignas(16) std::array<std::uint8_t, 16> low_{};
    alignas(16) std::array<std::uint8_t, 16> high_{};
    std::array<std::uint8_t, 256> has_{};
};

// The ways to ask, for the tests that compare them.
enum class Vectors : std::uint8_t { kNone, k16Bytes, k32Bytes, k64Bytes };
// The widest that this processor has.
Vectors widest_vectors();

// A word for each of `blocks` blocks at `from`: the bits of those bytes that are of the kind, the
// first byte's the lowest.
void ask_blocks(const Kind& kind, const char* from, std::size_t blocks, std::uint64_t* words);
void ask_blocks(const Kind& kind, const char* from, std::size_t blocks, std::uint64_t* words,
                Vectors vectors);

// So many blocks are asked at once.
inline constexpr std::size_t kBlocksAtOnce = 32;

// The words of `text` from `at` on, which lies in it, at most kBlocksAtOnce of them; the bits
// behind its end are 0. How many there are.
std::size_t ask(const Kind& kind, std::string_view text, std::size_t at,
                std::array<std::uint64_t, kBlocksAtOnce>& words);

// Appends where a byte of the one kind stands right before one of the other.
void find_pairs(std::string_view text, const Kind& first, const Kind& second,
                std::vector<std::size_t>& places);

// Where the next byte of a kind is.
class ByteCursor {
  public:
    ByteCursor(std::string_view text, const Kind& kind) : text_(text), kind_(kind) {}

    // The first at or after `at`, or the size of the text. `at` does not become less.
    std::size_t next(std::size_t at) {
        at = std::max(at, begin_);  // there is none before
        if (at >= text_.size()) return text_.size();
        if (at >= begin_ + count_ * kBlock) load(at);
        std::size_t word = (at - begin_) / kBlock;
        std::uint64_t bits = words_[word] & ~std::uint64_t{0} << (at - begin_) % kBlock;
        while (bits == 0) {
            if (++word == count_) {
                begin_ += count_ * kBlock;
                if (begin_ >= text_.size()) return begin_ = text_.size();
                load(begin_);
                word = 0;
            }
            bits = words_[word];
        }
        return begin_ + word * kBlock + static_cast<std::size_t>(std::countr_zero(bits));
    }

  private:
    void load(std::size_t at) {
        begin_ = at;
        count_ = ask(kind_, text_, at, words_);
    }

    std::string_view text_;
    const Kind& kind_;
    std::size_t begin_ = 0;
    std::size_t count_ = 0;
    std::array<std::uint64_t, kBlocksAtOnce> words_;
};

// found(begin, size) for every longest run of at least `kShortest` bytes of a kind.
template <std::size_t kShortest, typename Found>
void for_each_run(std::string_view text, const Kind& kind, Found found) {
    static_assert(kShortest > 1 && kShortest <= kBlock);
    // A word says of each byte whether it and those before it are of the kind: two of them, four,
    // and so on up to kShortest. The bits that are left are of long runs, from their byte
    // kShortest on.
    constexpr std::size_t kSteps = std::bit_width(kShortest - 1);
    std::array<std::uint64_t, kSteps> before{};  // the words of the block before
    std::array<std::uint64_t, kBlocksAtOnce> words;
    std::size_t run = text.size();  // where the one begins that goes on
    for (std::size_t chunk = 0, count = 0; chunk < text.size(); chunk += count * kBlock) {
        count = ask(kind, text, chunk, words);
        for (std::size_t word = 0; word < count; ++word) {
            std::uint64_t bits = words[word];
            std::size_t known = 1;
            for (std::size_t step = 0; step < kSteps; ++step) {
                const std::size_t shift = std::min(known, kShortest - known);
                const std::uint64_t moved = bits << shift | before[step] >> (kBlock - shift);
                before[step] = bits;
                bits &= moved;
                known += shift;
            }
            if (bits == 0 && run == text.size()) continue;
            const std::size_t begin = chunk + word * kBlock;
            // From one change to the next.
            for (std::size_t at = 0; at < kBlock;) {
                if (run == text.size()) {
                    const std::uint64_t rest = bits >> at;
                    if (rest == 0) break;
                    at += static_cast<std::size_t>(std::countr_zero(rest));
                    run = begin + at - (kShortest - 1);
                } else {
                    const auto more = static_cast<std::size_t>(std::countr_one(bits >> at));
                    at += more;
                    if (at >= kBlock) break;
                    found(run, begin + at - run);
                    run = text.size();
                }
            }
        }
    }
    if (run < text.size()) found(run, text.size() - run);
}

}  // namespace botbottle::scan
