// What the egress itself answers, under a name that exists nowhere else:
// http://_egress.local/allowlist and /healthz, for the agent in the bottle.
#pragma once

#include <string>
#include <string_view>

#include "policy/policy.h"

namespace botbottle::egress {

inline constexpr std::string_view kLocalHost = "_egress.local";

// Where an agent may look for the supervise sidecar by name: it is sent on to the sidecar's own
// port in the bottle, since nothing of the sidecar's passes through here.
inline constexpr std::string_view kSuperviseHost = "supervise.botbottle";
inline constexpr std::string_view kSuperviseAddress = "http://127.0.0.1:9100";

struct LocalPage {
    int status = 200;
    std::string body;  // JSON
};

// `closed`: the record cannot be written, so that nothing is served.
LocalPage local_page(std::string_view path, const policy::PolicySnapshot& policy, bool closed);

}  // namespace botbottle::egress
