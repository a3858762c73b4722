// Patterns are filed under the two neighbouring bytes in them that have the fewest spellings; where
// the text has these two bytes, the whole pattern is compared.
#include <algorithm>
#include <string>

#include "scan/finder.h"

namespace botbottle::scan {

namespace {

constexpr std::size_t kPairs = 65536;

struct Entry {
    std::uint32_t pattern;
    std::uint32_t pair_at;  // where in the pattern the pair is
};

std::size_t pair_of(unsigned char first, unsigned char second) {
    return static_cast<std::size_t>(first) << 8U | second;
}

class PortableFinder final : public Finder {
  public:
    explicit PortableFinder(const std::vector<Pattern>& patterns) : patterns_(patterns) {
        std::vector<std::vector<Entry>> by_pair(kPairs);
        for (std::uint32_t index = 0; index < patterns.size(); ++index) {
            const std::vector<ByteSet>& bytes = patterns[index].bytes;
            const std::size_t at = rarest_pair(bytes);
            for (std::size_t pair = 0; pair < kPairs; ++pair)
                if (bytes[at].test(pair >> 8U) && bytes[at + 1].test(pair & 0xffU))
                    by_pair[pair].push_back({index, static_cast<std::uint32_t>(at)});
        }
        begins_.reserve(kPairs + 1);
        for (const std::vector<Entry>& entries : by_pair) {
            begins_.push_back(static_cast<std::uint32_t>(filed_.size()));
            filed_.insert(filed_.end(), entries.begin(), entries.end());
        }
        begins_.push_back(static_cast<std::uint32_t>(filed_.size()));
    }

    std::unique_ptr<Search> open() const override;

    void find(std::string_view text, std::vector<Candidate>& found) const {
        const std::size_t before = found.size();
        for (std::size_t at = 0; at + 1 < text.size(); ++at) {
            const std::size_t pair = pair_of(byte(text, at), byte(text, at + 1));
            for (std::uint32_t next = begins_[pair]; next < begins_[pair + 1]; ++next) {
                const Entry& entry = filed_[next];
                if (at < entry.pair_at) continue;
                const std::size_t start = at - entry.pair_at;
                const std::vector<ByteSet>& bytes = patterns_[entry.pattern].bytes;
                const std::size_t end = start + bytes.size();
                if (end <= text.size() && matches(text.substr(start), bytes))
                    found.push_back({entry.pattern, end});
            }
        }
        std::sort(found.begin() + static_cast<std::ptrdiff_t>(before), found.end(),
                  [](const Candidate& a, const Candidate& b) {
                      return a.end != b.end ? a.end < b.end : a.pattern < b.pattern;
                  });
    }

  private:
    static unsigned char byte(std::string_view text, std::size_t at) {
        return static_cast<unsigned char>(text[at]);
    }

    static bool matches(std::string_view text, const std::vector<ByteSet>& bytes) {
        for (std::size_t at = 0; at < bytes.size(); ++at)
            if (!bytes[at].test(byte(text, at))) return false;
        return true;
    }

    // Where the two neighbours with the fewest spellings are.
    static std::size_t rarest_pair(const std::vector<ByteSet>& bytes) {
        std::size_t best = 0;
        std::size_t spellings = kPairs + 1;
        for (std::size_t at = 0; at + 1 < bytes.size(); ++at) {
            const std::size_t here = bytes[at].count() * bytes[at + 1].count();
            if (here >= spellings) continue;
            best = at;
            spellings = here;
        }
        return best;
    }

    const std::vector<Pattern>& patterns_;
    std::vector<Entry> filed_;           // by pair
    std::vector<std::uint32_t> begins_;  // where each pair's entries begin
};

class PortableSearch final : public Search {
  public:
    explicit PortableSearch(const PortableFinder& finder) : finder_(finder) {}

    bool find(std::string_view text, std::vector<Candidate>& found) override {
        finder_.find(text, found);
        return true;
    }

  private:
    const PortableFinder& finder_;
};

std::unique_ptr<Search> PortableFinder::open() const {
    return std::make_unique<PortableSearch>(*this);
}

}  // namespace

std::unique_ptr<Finder> make_portable_finder(const std::vector<Pattern>& patterns) {
    return std::make_unique<PortableFinder>(patterns);
}

#ifndef BOTBOTTLE_VECTORSCAN
std::unique_ptr<Finder> make_finder(const std::vector<Pattern>& patterns,
                                    std::string& /*problem*/) {
    return make_portable_finder(patterns);
}

std::unique_ptr<Finder> make_precompiled_finder(std::string_view /*database*/) {
    return nullptr;
}
#endif

}  // namespace botbottle::scan
