// Skeleton: what is left of a text when case and all signs are taken away.
#pragma once

#include <string>
#include <string_view>

namespace botbottle::scan {

// Letters and digits of `text`, letters in lower case, appended to `skeleton`.
void append_skeleton(std::string_view text, std::string& skeleton);

}  // namespace botbottle::scan
