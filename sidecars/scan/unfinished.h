// Unfinished: whether what was said so far may be the first part of a secret, in any spelling that
// is seen through. It decides what is kept back while a sender waits: a secret whose parts come one
// by one is found with its last, and the others must not have left by then.
#pragma once

#include <string_view>

#include "scan/own_values.h"
#include "scan/rules.h"

namespace botbottle::scan {

// `text` is the end of what was said; `own` may be null.
bool may_be_unfinished(std::string_view text, const Rules& rules, const OwnValues* own);

}  // namespace botbottle::scan
