// Starting one session's program: the last code of ours that runs in its process.
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <span>
#include <string>

#include "base/error.h"
#include "control/descriptor.h"
#include "session/request.h"

namespace botbottle::relay {

struct Spawned {
    pid_t pid = -1;
    control::Descriptor master;   // of the session's terminal, when it has one
    control::Descriptor failure;  // end of file: the program runs; otherwise a SpawnFailure
};

// What the child writes when it cannot become the program.
struct SpawnFailure {
    enum class Step : int { terminal, directory, program } step;
    int error;
};

// With a terminal, from the bottle's own devpts; otherwise on the three descriptors of `stdio`. The
// child leads a session and a process group of its own. `open_files` is the limit that it gets
// back. Every descriptor of the relay is close-on-exec, so the program inherits none.
Result<Spawned> spawn(const session::Request& request, std::span<const control::Descriptor> stdio,
                      const rlimit& open_files);

Error explain(const SpawnFailure& failure, const std::string& program,
              const std::string& directory);

}  // namespace botbottle::relay
