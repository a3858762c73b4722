// PlacedFinder: patterns without a text of their own to look for (a short prefix, a number, forty
// characters of base64) are not searched everywhere, which would cost more than all others
// together, but where they can stand: at the start or end of a run of base64 characters, in a row
// of digits, around an '@' or '~'.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "scan/finder.h"

namespace botbottle::scan {

class PlacedFinder {
  public:
    // Takes those patterns whose place is not Place::kAnywhere. `patterns` outlives this.
    explicit PlacedFinder(const std::vector<Pattern>& patterns);

    // Appends what was found, in no order.
    void find(std::string_view text, std::vector<Candidate>& found) const;

  private:
    using Numbers = std::vector<std::uint32_t>;
    struct RunStart {
        std::uint32_t pattern = 0;
        std::size_t run = 0;  // so many bytes of base64 at least
        bool exact = false;   // and no more: what follows in the pattern is none
    };

    void find_in_runs(std::string_view text, std::vector<Candidate>& found) const;
    void find_at_run(std::string_view text, std::size_t begin, std::size_t end,
                     std::vector<Candidate>& found) const;
    void find_in_numbers(std::string_view text, std::vector<Candidate>& found) const;
    void find_at_marks(std::string_view text, std::vector<Candidate>& found) const;
    void try_at(std::string_view text, std::uint32_t pattern, std::size_t begin,
                std::vector<Candidate>& found) const;

    const std::vector<Pattern>& patterns_;
    // Of those that begin with a byte, whether any fits into a run.
    struct Fitting {
        std::uint64_t exact = 0;               // a bit for each size of a run
        std::size_t fewest = ~std::size_t{0};  // from this size on others do
        void add(std::size_t run, bool is_exact) {
            if (is_exact && run < 64)
                exact |= std::uint64_t{1} << run;
            else
                fewest = std::min(fewest, run);
        }
        bool any(std::size_t size) const {
            return size >= fewest || (size < 64 && (exact >> size & 1U) != 0);
        }
    };
    std::array<std::vector<RunStart>, 256> run_starts_;  // by the first byte
    std::array<Fitting, 256> fitting_;
    std::size_t shortest_run_ = 0;  // that holds any of them
    Numbers run_ends_;
    Numbers numbers_;
    struct Mark {
        std::uint32_t pattern = 0;
        std::size_t at = 0;
    };
    std::array<std::vector<Mark>, 256> marks_;
};

}  // namespace botbottle::scan
