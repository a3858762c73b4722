// Ctrl-C and SIGTERM as a question that long work asks, instead of a sudden end.
#pragma once

#include "base/error.h"

namespace botbottle {

// From here on SIGINT and SIGTERM set a flag, and end blocking calls with EINTR.
void watch_for_interrupts();

// Whether one has come, and is to be heeded.
bool interrupted();

// While one of these lives, interrupts are not heeded: taking back and tidying up must not be cut
// short by the Ctrl-C that led to it. All that it covers has deadlines of its own. For the main
// thread.
class TidyingUp {
  public:
    TidyingUp();
    ~TidyingUp();
    TidyingUp(const TidyingUp&) = delete;
    TidyingUp& operator=(const TidyingUp&) = delete;
};

// The error for it; the command line turns it into exit code 130.
tl::unexpected<Error> interrupted_failure();

}  // namespace botbottle
