// Runs a check in a child process with a scratch directory as its working directory and home.
#pragma once

#include <chrono>
#include <functional>

#include "conformance/finding.h"

namespace botbottle::conformance {

// A child that dies or does not end in time is a finding of `check`; what it started dies with it.
// Must be called while this process has one thread.
Findings run_isolated(const QString& check, const std::function<Findings()>& body,
                      std::chrono::milliseconds limit);

}  // namespace botbottle::conformance
