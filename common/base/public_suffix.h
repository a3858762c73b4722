// Public suffixes: names below which anybody can have one of their own ("com", "co.uk",
// "github.io"), by the list that browsers use for cookies. A route to all names below one would be
// a route to everybody.
//
// Apart from host.h, in a library of its own (botbottle_public_suffix), because only what people
// write needs it: libpsl brings the list with it, and a Unicode library.
#pragma once

#include "base/host.h"

namespace botbottle {

// Refuses `host` behind "*." where that would be names of different owners. A name whose last label
// the list does not know (an organisation's own, as in "corp" or "internal") is allowed.
Result<void> check_names_below(const Host& host);

}  // namespace botbottle
