// The socket that a bottle's relay takes sessions from. Its path exists on the host alone.
#pragma once

#include <string>

#include "bottle.h"
#include "unique_fd.h"

namespace host_bottle {

// A listening SOCK_SEQPACKET socket at this path, made anew.
UniqueFd listen_at(const std::string& path);

// The bottle's, for its relay to inherit.
UniqueFd listen_for_sessions(const Bottle& bottle);

// Whether anything listens there. Only the bottle's relay can, so this is true exactly while the
// bottle lives, whatever became of the record.
bool answers(const Bottle& bottle);

}  // namespace host_bottle
