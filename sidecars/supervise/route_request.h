// What `egress-block` asks for, as a route in its one canonical form: so that equal wishes are
// equal texts, and what the operator reads is what the policy will say.
#pragma once

#include "base/error.h"
#include "supervise/document.h"

namespace botbottle::supervise {

// {host, ports, methods, path_allowlist, auth}: a policy's route without a slot; `auth` has
// `token_ref`, the name of a host variable, instead. Judged by the policy's own reader. Errors are
// for the model to read.
Result<Json> canonical_route(const Json& arguments);

}  // namespace botbottle::supervise
