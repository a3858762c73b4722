// A stream to an engine that is kept for a bottle's life, and so has to notice that the other
// machine is gone.
#pragma once

#include <string>

#include "host-bottle/unique_fd.h"

namespace backend_docker {

// Neither throws; an empty descriptor where nobody answers.
host_bottle::UniqueFd connect_unix(const std::string& path);

// `host` may be in brackets. A machine that vanishes without a word ends the connection within
// kSilence seconds.
host_bottle::UniqueFd connect_tcp(std::string host, const std::string& port);

constexpr int kSilence = 60;
// A machine that does not even refuse.
constexpr int kConnectSeconds = 5;

}  // namespace backend_docker
