// Turns errno into an Error that names what was tried and on which file.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace botbottle::files {

// "cannot <action> <path>: <strerror>"; `code` is for programs. Reads errno.
tl::unexpected<Error> system_failure(std::string code, std::string_view action,
                                     std::string_view path, std::string hint = {});

}  // namespace botbottle::files
