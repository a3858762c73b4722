// Pattern: the shape of one kind of secret, as a sequence of byte sets of a fixed length.
//
// The notation is the part of a regular expression that both finders read alike: characters, `\`
// before a special one, `\xHH`, sets `[A-Za-z0-9_-]`, a count `{n}` after either, and `(?i)` in
// front (letters match in both cases, in sets too). Nothing optional, nothing unbounded: a match of
// known length has a known start, and the engine is only given what it is known to find without a
// miss (facts/egress.md 0.6).
#pragma once

#include <bitset>
#include <string>
#include <string_view>
#include <vector>

namespace botbottle::scan {

using ByteSet = std::bitset<256>;

// No pattern is longer, so that a candidate and what lies before it fit into a short tail.
inline constexpr std::size_t kMaxPattern = 128;

struct Shape {
    std::vector<ByteSet> bytes;
    std::string problem;  // not empty: the text is no pattern, and why
};

Shape parse_shape(std::string_view text);

}  // namespace botbottle::scan
