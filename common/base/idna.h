// International host names: UTS-46 (non-transitional) to A-labels, by libidn2.
//
// Apart from host.h, in a library of its own (botbottle_idna), because only what people write needs
// it: a request carries A-labels, and the egress does not link a Unicode library to refuse the
// rest.
#pragma once

#include <string_view>

#include "base/host.h"

namespace botbottle {

// As Host::parse, but `bücher.example` becomes `xn--bcher-kva.example`. `text` is UTF-8.
Result<Host> host_from_unicode(std::string_view text);

}  // namespace botbottle
