// PlacedFinder: patterns without a text of their own to look for (a short prefix, a number, forty
// characters of base64) are not searched everywhere, which would cost more than all others
// together, but where they can stand: at the start or end of a run of base64 characters, in a row
// of digits, around an '@' or '~'.
#pragma once

#include <array>
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
    };

    void find_in_runs(std::string_view text, std::vector<Candidate>& found) const;
    void find_at_run(std::string_view text, std::size_t begin, std::size_t end,
                     std::vector<Candidate>& found) const;
    void find_in_numbers(std::string_view text, std::vector<Candidate>& found) const;
    void find_at_marks(std::string_view text, std::vector<Candidate>& found) const;
    void try_at(std::string_view text, std::uint32_t pattern, std::size_t begin,
                std::vector<Candidate>& found) const;

    const std::vector<Pattern>& patterns_;
    std::array<std::vector<RunStart>, 256> run_starts_;  // by the first byte
    std::size_t shortest_run_ = 0;                       // that holds any of them
    Numbers run_ends_;
    Numbers numbers_;
    struct Mark {
        std::uint32_t pattern = 0;
        std::size_t at = 0;
    };
    std::array<std::vector<Mark>, 256> marks_;
};

}  // namespace botbottle::scan
