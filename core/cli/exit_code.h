// The exit codes of the contract (docs/architecture.md), and which error leads to which.
#pragma once

#include "base/error.h"

namespace botbottle::cli {

enum ExitCode : int {
    kDone = 0,
    kFailed = 1,
    kUsage = 2,
    kInvalidManifest = 3,
    kNoBackend = 4,
    kBeforeTheAgent = 125,
    kInterrupted = 130,
};

// `otherwise`: for errors that say nothing about whose fault they are; kFailed, or kBeforeTheAgent
// for commands that run something in a bottle.
ExitCode exit_code_for(const Error& error, ExitCode otherwise);

}  // namespace botbottle::cli
