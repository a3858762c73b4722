// RuleTable: the rules as they stand in a file, resources/scan/rules.txt or an operator's.
//
// A line is `id check pattern`, separated by blanks; several lines may have one id. `#` begins a
// comment line. `@ id what it is, for people` gives the rule its name in a denial. The check
// `regex` takes an expression of RE2 instead of a pattern.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "scan/pattern.h"

namespace botbottle::scan {

// What is asked of a candidate besides its shape: validators.h.
enum class Check : std::uint8_t {
    kPlain,    // nothing: the shape says it all
    kRandom,   // the variable part looks drawn, not written
    kAlone,    // kRandom, and nothing of a longer name before it
    kContext,  // kRandom, with a word of the trade before it
    kGithub,   // kRandom anywhere: the prefix is strong
    kJwt,
    kBasic,
    kDiscord,
    kTelegram,
    kAzure,
    kCard,
    kIban,
    kWif,
    kUrl,       // scheme://user:password@
    kAssigned,  // NAME_ENDING_IN_SECRET=value
    kPem,
};

// Where a pattern is looked for. Without four characters of its own in a row it has a place, that
// its check asks for: placed_finder.h.
enum class Place : std::uint8_t { kAnywhere, kRunStart, kRunEnd, kNumber, kMark };

struct Rule {
    std::string id;
    std::string what;
};

struct Pattern {
    std::uint32_t rule = 0;
    Check check = Check::kPlain;
    Place place = Place::kAnywhere;
    std::string text;
    std::vector<ByteSet> bytes;
    std::size_t fixed = 0;  // how many bytes at the start admit one character only
};

// What an operator looks for besides: an expression of RE2, for what no pattern can say.
struct Expression {
    std::uint32_t rule = 0;
    std::string text;
};

struct RuleTable {
    std::vector<Rule> rules;
    std::vector<Pattern> patterns;
    std::vector<Expression> expressions;
    std::string problem;  // not empty: "line 12: …", and the table is not to be used
};

// Adds the lines of `text` to `table`.
void parse_rules(std::string_view text, RuleTable& table);

// The indexes of those patterns that may stand anywhere.
std::vector<std::uint32_t> found_anywhere(const std::vector<Pattern>& patterns);

}  // namespace botbottle::scan
