// Running commands in a bottle, and ending it. Both go through botbottle-session, so that the
// session protocol is spoken in one place.
#pragma once

#include "bottle.h"
#include "unique_fd.h"

namespace host_bottle {

Json exec(const Bottle& bottle, const Json& request);

// `runs`: as the backend knows it.
Json attach(const Bottle& bottle, const Json& request, bool runs);

// Of a `stop` request.
long grace_of(const Json& request);

// Asks the relay, a pidfd, to end everything in the bottle and itself. False when it still runs
// after the grace.
bool end_sessions(const Bottle& bottle, const UniqueFd& relay, long grace);

// The running bottle's sessions as `list` replies with them; none when it does not answer.
Json sessions_of(const Bottle& bottle);

}  // namespace host_bottle
