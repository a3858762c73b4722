#include "bottles/interrupt.h"

#include <signal.h>

#include <atomic>

namespace botbottle {
namespace {

// A handler may run on any thread, and a plugin asks from its own.
std::atomic<bool> flag = false;
std::atomic<int> tidying = 0;
static_assert(std::atomic<bool>::is_always_lock_free);

}  // namespace

void watch_for_interrupts() {
    struct sigaction action = {};
    action.sa_handler = [](int) { flag = true; };
    // No SA_RESTART: a wait must end.
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
}

bool interrupted() {
    return flag && tidying == 0;
}

TidyingUp::TidyingUp() {
    ++tidying;
}

TidyingUp::~TidyingUp() {
    --tidying;
}

tl::unexpected<Error> interrupted_failure() {
    return failure("interrupted", "interrupted");
}

}  // namespace botbottle
