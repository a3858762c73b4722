// Beginnings: whether a text ends in the beginning of what is looked for, so that what comes next
// may complete it. For those patterns that begin with a text of their own. Immutable; may be shared
// by threads.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "scan/rule_table.h"

namespace botbottle::scan {

class Beginnings {
  public:
    // `patterns` outlives this. Shorter beginnings than `shortest` are too common to count.
    Beginnings(const std::vector<Pattern>& patterns, std::size_t shortest);

    // All but the last byte of a pattern at most, `shortest` bytes at least.
    bool at_end_of(std::string_view text) const;

  private:
    const std::vector<Pattern>& patterns_;
    std::size_t shortest_;
    std::array<std::vector<std::uint32_t>, 256> by_first_byte_;
};

}  // namespace botbottle::scan
