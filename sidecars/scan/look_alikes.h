// Characters that show nothing, and those that look like a letter or digit of ASCII.
#pragma once

#include <cstdint>

namespace botbottle::scan {

// Zero-width and bidirectional marks, fillers, variation selectors, tags, blanks other than the
// space, and marks that are put on the character before.
bool is_invisible(std::uint32_t code);
// 0: like none.
char look_alike(std::uint32_t code);

}  // namespace botbottle::scan
