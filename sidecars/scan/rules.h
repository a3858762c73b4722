// Rules: which kinds of secrets are looked for: those of resources/scan/rules.txt, and what an
// operator adds. Checked when they are loaded, immutable afterwards, and shared by threads.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "scan/beginnings.h"
#include "scan/finder.h"
#include "scan/placed_finder.h"
#include "scan/rule_table.h"

namespace re2 {
class RE2;
}

namespace botbottle::scan {

// The table that is a part of the program.
std::string_view builtin_rules();
// Of its patterns that may stand anywhere, as make_precompiled_finder takes it (finder.h). Empty in
// a build whose compiler's machine is not the one that it is for, or without vectorscan.
std::string_view builtin_database();

class Rules {
  public:
    // `added` are lines of the same notation (rule_table.h); an expression of theirs sees at most
    // Stream::kTail bytes at once, and may not match nothing. Patterns of theirs have all compiled
    // anew, in 100 to 200 ms; without, it takes less than one.
    static Result<std::shared_ptr<const Rules>> load(std::string_view added = {});

    Rules(const Rules&) = delete;
    Rules& operator=(const Rules&) = delete;
    ~Rules();

    const std::vector<Rule>& kinds() const noexcept { return table_.rules; }
    const std::vector<Pattern>& patterns() const noexcept { return table_.patterns; }
    // Of those patterns that may stand anywhere, searched(index) is the index among patterns().
    const Finder& finder() const { return *finder_; }
    std::uint32_t searched(std::uint32_t index) const { return searched_numbers_[index]; }
    const PlacedFinder& placed() const { return *placed_; }
    const Beginnings& beginnings() const { return *beginnings_; }

    struct Compiled {
        std::uint32_t rule = 0;
        std::unique_ptr<re2::RE2> expression;
    };
    const std::vector<Compiled>& expressions() const noexcept { return expressions_; }

  private:
    Rules();

    RuleTable table_;
    std::vector<Pattern> searched_;
    std::vector<std::uint32_t> searched_numbers_;
    std::unique_ptr<Finder> finder_;
    std::unique_ptr<PlacedFinder> placed_;
    std::unique_ptr<Beginnings> beginnings_;
    std::vector<Compiled> expressions_;
};

}  // namespace botbottle::scan
