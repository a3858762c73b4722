// What bwrap's last words mean on this machine, and the command that mends it.
#pragma once

#include <string>

#include "host-bottle/fail.h"

namespace backend_bubblewrap {

using host_bottle::OperationError;

OperationError diagnose(const std::string& bwrap_errors);

}  // namespace backend_bubblewrap
