// Patterns without choice, at least eight bytes each: the bottle's own secrets. Every so many bytes
// of the text four neighbours are looked up, so many that one of these places lies in each
// occurrence; where they are known, the whole pattern is compared. Made in microseconds, where
// vectorscan needs milliseconds to compile, and right where vectorscan 5.4.9 is not: of two or
// three texts it misses some that stand behind digits (seen on x86-64, with AVX-512).
#include <algorithm>
#include <array>
#include <cstring>

#include "scan/finder.h"

namespace botbottle::scan {

namespace {

constexpr std::size_t kGram = 4;
constexpr std::size_t kMostStride = 32;
// More entries are known too often by chance.
constexpr std::size_t kManyEntries = 4096;
constexpr unsigned kHashBits = 16;

// Of both cases the same.
std::uint32_t hash_of(const char* gram) {
    std::uint32_t bytes = 0;
    std::memcpy(&bytes, gram, kGram);
    constexpr std::uint32_t kSmall = 0x20202020;
    constexpr std::uint32_t kSpread = 0x9e3779b1;  // 2^32 / the golden ratio
    return (bytes | kSmall) * kSpread >> (32 - kHashBits);
}

class LiteralFinder final : public Finder {
  public:
    explicit LiteralFinder(const std::vector<Pattern>& patterns) : patterns_(patterns) {
        std::size_t shortest = kMaxPattern;
        for (const Pattern& pattern : patterns)
            shortest = std::min(shortest, pattern.bytes.size());
        while (stride_ > 1 &&
               (stride_ + kGram - 1 > shortest || stride_ * patterns.size() > kManyEntries))
            stride_ /= 2;
        for (std::uint32_t index = 0; index < patterns.size(); ++index)
            add(index);
        std::sort(entries_.begin(), entries_.end(),
                  [](const Entry& a, const Entry& b) { return a.hash < b.hash; });
    }

    std::unique_ptr<Search> open() const override;

    void find(std::string_view text, std::vector<Candidate>& found) const {
        if (text.size() < kGram) return;
        const std::size_t before = found.size();
        const std::size_t last = text.size() - kGram;
        for (std::size_t at = 0; at <= last; at += stride_) {
            const std::uint32_t hash = hash_of(text.data() + at);
            if ((known_[hash >> 6U] >> (hash & 63U) & 1U) != 0) compare(text, at, hash, found);
        }
        std::sort(found.begin() + static_cast<std::ptrdiff_t>(before), found.end(),
                  [](const Candidate& a, const Candidate& b) {
                      return a.end != b.end ? a.end < b.end : a.pattern < b.pattern;
                  });
    }

  private:
    struct Entry {
        std::uint32_t hash;
        std::uint32_t pattern;
        std::size_t at;  // where in the pattern the four bytes are
    };

    void add(std::uint32_t index) {
        std::string text;
        for (const ByteSet& set : patterns_[index].bytes) {
            std::size_t byte = 0;
            while (!set.test(byte))
                ++byte;
            text += static_cast<char>(byte);
        }
        for (std::size_t at = 0; at < stride_; ++at) {
            const std::uint32_t hash = hash_of(text.data() + at);
            known_[hash >> 6U] |= std::uint64_t{1} << (hash & 63U);
            entries_.push_back({hash, index, at});
        }
    }

    void compare(std::string_view text, std::size_t at, std::uint32_t hash,
                 std::vector<Candidate>& found) const {
        auto entry = std::lower_bound(
            entries_.begin(), entries_.end(), hash,
            [](const Entry& known, std::uint32_t wanted) { return known.hash < wanted; });
        for (; entry != entries_.end() && entry->hash == hash; ++entry) {
            const std::vector<ByteSet>& bytes = patterns_[entry->pattern].bytes;
            if (at < entry->at || text.size() - (at - entry->at) < bytes.size()) continue;
            const std::string_view part = text.substr(at - entry->at, bytes.size());
            std::size_t same = 0;
            while (same < bytes.size() && bytes[same].test(static_cast<unsigned char>(part[same])))
                ++same;
            if (same == bytes.size())
                found.push_back({entry->pattern, at - entry->at + bytes.size()});
        }
    }

    const std::vector<Pattern>& patterns_;
    std::size_t stride_ = kMostStride;
    std::array<std::uint64_t, (1U << kHashBits) / 64> known_{};
    std::vector<Entry> entries_;
};

class LiteralSearch final : public Search {
  public:
    explicit LiteralSearch(const LiteralFinder& finder) : finder_(finder) {}

    bool find(std::string_view text, std::vector<Candidate>& found) override {
        finder_.find(text, found);
        return true;
    }

  private:
    const LiteralFinder& finder_;
};

std::unique_ptr<Search> LiteralFinder::open() const {
    return std::make_unique<LiteralSearch>(*this);
}

}  // namespace

std::unique_ptr<Finder> make_literal_finder(const std::vector<Pattern>& patterns) {
    return std::make_unique<LiteralFinder>(patterns);
}

}  // namespace botbottle::scan
