// What an engine's refusal means, in words.
#pragma once

#include <string>
#include <string_view>

#include "host-bottle/fail.h"

namespace backend_docker {

using host_bottle::OperationError;

// Of an answer with a status of 400 or more. `what` says what was asked for.
OperationError engine_error(const std::string& what, long status, std::string_view body);

// Why nobody answers at a socket: the errno of connecting to it.
OperationError unreachable(const std::string& socket, int error);

}  // namespace backend_docker
