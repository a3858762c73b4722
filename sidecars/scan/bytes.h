// Many bytes of a text asked at once, and what is built of that: the next byte of a kind, and rows
// of them. On x86-64 sixteen bytes take one instruction (SSE2, which each such processor has);
// elsewhere the same is written out.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace botbottle::scan {

// Sixteen bytes, or of each the answer to a question: all its bits are set, or none.
class Bytes {
  public:
    static constexpr std::size_t kSize = 16;

#ifdef __SSE2__
    static Bytes load(const char* from) {
        return Bytes(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
    }
    Bytes is(char c) const {
        return Bytes(_mm_cmpeq_epi8(all_, _mm_set1_epi8(c)));
    }
    // From `first` to `last`, as unsigned bytes.
    Bytes is(char first, char last) const {
        const __m128i above = _mm_sub_epi8(all_, _mm_set1_epi8(first));
        const __m128i most = _mm_set1_epi8(static_cast<char>(last - first));
        return Bytes(_mm_cmpeq_epi8(_mm_min_epu8(above, most), above));
    }
    // Letters of ASCII become small; of the others some become others.
    Bytes lower() const {
        return Bytes(_mm_or_si128(all_, _mm_set1_epi8(0x20)));
    }
    Bytes operator|(const Bytes& other) const {
        return Bytes(_mm_or_si128(all_, other.all_));
    }
    // Of answers: a bit each.
    std::uint64_t bits() const {
        return static_cast<std::uint64_t>(static_cast<unsigned>(_mm_movemask_epi8(all_)));
    }

  private:
    explicit Bytes(__m128i all) : all_(all) {}
    __m128i all_;
#else
    static Bytes load(const char* from) {
        return made([from](std::size_t at) { return from[at]; });
    }
    Bytes is(char c) const {
        return made(
            [&](std::size_t at) { return all_[at] == static_cast<unsigned char>(c) ? 0xff : 0; });
    }
    Bytes is(char first, char last) const {
        return made([&](std::size_t at) {
            return all_[at] >= static_cast<unsigned char>(first) &&
                           all_[at] <= static_cast<unsigned char>(last)
                       ? 0xff
                       : 0;
        });
    }
    Bytes lower() const {
        return made([&](std::size_t at) { return all_[at] | 0x20; });
    }
    Bytes operator|(const Bytes& other) const {
        return made([&](std::size_t at) { return all_[at] | other.all_[at]; });
    }
    std::uint64_t bits() const {
        std::uint64_t bits = 0;
        for (std::size_t at = 0; at < kSize; ++at)
            bits |= std::uint64_t{all_[at] & 1U} << at;
        return bits;
    }

  private:
    template <typename Function>
    static Bytes made(Function function) {
        Bytes bytes;
        for (std::size_t at = 0; at < kSize; ++at)
            bytes.all_[at] = static_cast<std::uint8_t>(function(at));
        return bytes;
    }
    std::array<std::uint8_t, kSize> all_{};
#endif
};

inline constexpr std::size_t kBlock = 64;

// A bit for each of the 64 bytes of `text` from `at` on, which lies in it; those behind its end
// are 0. `is` is asked for sixteen at a time.
template <typename Is>
inline std::uint64_t bits_at(std::string_view text, std::size_t at, Is is) {
    const auto ask = [is](const char* from) {
        std::uint64_t bits = 0;
        for (std::size_t part = 0; part < kBlock; part += Bytes::kSize)
            bits |= is(Bytes::load(from + part)).bits() << part;
        return bits;
    };
    const std::size_t left = text.size() - at;
    if (left >= kBlock) return ask(text.data() + at);
    std::array<char, kBlock> rest{};
    std::memcpy(rest.data(), text.data() + at, left);
    return ask(rest.data()) & ~(~std::uint64_t{0} << left);
}

// Where the next byte of a kind is. `is` makes of Bytes their answers.
template <typename Is>
class ByteCursor {
  public:
    ByteCursor(std::string_view text, Is is) : text_(text), is_(is) {
        if (!text.empty()) bits_ = bits_at(text_, 0, is_);
    }

    // The first at or after `at`, or the size of the text. `at` does not become less.
    std::size_t next(std::size_t at) {
        if (at >= text_.size()) return text_.size();
        if (at >= begin_ + kBlock) {
            begin_ = at;
            bits_ = bits_at(text_, begin_, is_);
        }
        if (at > begin_) bits_ &= ~std::uint64_t{0} << (at - begin_);
        while (bits_ == 0) {
            begin_ += kBlock;
            if (begin_ >= text_.size()) {
                begin_ = text_.size();
                return begin_;
            }
            bits_ = bits_at(text_, begin_, is_);
        }
        return begin_ + static_cast<std::size_t>(std::countr_zero(bits_));
    }

  private:
    std::string_view text_;
    Is is_;
    std::size_t begin_ = 0;
    std::uint64_t bits_ = 0;
};

// found(begin, size) for every longest run of at least `kShortest` bytes of a kind.
template <std::size_t kShortest, typename Is, typename Found>
void for_each_run(std::string_view text, Is is, Found found) {
    // A block without a run of this size in it is passed over, but for its ends.
    constexpr std::size_t kSeen = kShortest >= 16 ? 16 : 8;
    static_assert(kShortest >= kSeen);
    std::size_t open = 0;  // bytes of the kind right before the block
    for (std::size_t begin = 0; begin < text.size(); begin += kBlock) {
        std::uint64_t bits = bits_at(text, begin, is);
        if (bits == ~std::uint64_t{0}) {
            open += kBlock;
            continue;
        }
        const auto front = static_cast<std::size_t>(std::countr_one(bits));
        if (open + front >= kShortest) found(begin - open, open + front);
        open = static_cast<std::size_t>(std::countl_one(bits));
        std::uint64_t seen = bits & bits >> 1U;
        seen &= seen >> 2U;
        seen &= seen >> 4U;
        if constexpr (kSeen == 16) seen &= seen >> 8U;
        // What lies at neither end.
        bits &= ~std::uint64_t{0} << front;
        if (open > 0) bits &= ~std::uint64_t{0} >> open;
        for (seen &= bits; seen != 0;) {
            const auto at = static_cast<std::size_t>(std::countr_zero(seen));
            const auto size = static_cast<std::size_t>(std::countr_one(bits >> at));
            if (size >= kShortest) found(begin + at, size);
            seen &= ~std::uint64_t{0} << (at + size);
        }
    }
    if (open >= kShortest) found(text.size() - open, open);
}

}  // namespace botbottle::scan
