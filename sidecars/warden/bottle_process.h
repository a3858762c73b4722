// The bottle's process, named by pid and start time, so that a pid which was used again is not
// taken for it; watched through a pidfd.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/error.h"
#include "control/descriptor.h"

namespace botbottle::warden {

// Field 22 of /proc/<pid>/stat, in clock ticks since boot. The second field is the program's name
// in parentheses, which may itself hold spaces, parentheses and newlines.
std::optional<std::uint64_t> start_time_in_stat(std::string_view stat);

// A pidfd of the process with that pid, when it is the one that started then and has not ended.
Result<control::Descriptor> open_process(pid_t pid, std::uint64_t start_time);

}  // namespace botbottle::warden
