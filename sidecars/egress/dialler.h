// Dialler: a connection to the host of an admitted request, through the upstream proxy where there
// is one, checked and verified before the first byte of the request.
#pragma once

#include <string>
#include <string_view>

#include "egress/rules.h"
#include "egress/task.h"
#include "egress/upstream.h"

namespace botbottle::egress {

struct DialFailure {
    int status = 502;
    std::string_view rule;
    std::string reason;
};

using Dialled = tl::expected<UpstreamPtr, DialFailure>;

// `rules`, `route` and `host` are kept alive by the caller. The policy must have admitted the host
// and port by that route: this is where the first packet about them leaves.
Task<Dialled> dial(Worker& worker, const Rules& rules, const policy::Route& route, const Host& host,
                   Target target);

}  // namespace botbottle::egress
