#include "bottles/child_process.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

namespace botbottle {
namespace {

constexpr std::size_t kMost = 16;
constexpr int kAboveAll = 64;

}  // namespace

bool place_descriptors(const ChildDescriptor* descriptors, std::size_t count) noexcept {
    if (count > kMost) return false;
    int high[kMost];
    int last = -1;
    // First all out of the way, so that no target overwrites a source that is still needed.
    for (std::size_t i = 0; i < count; ++i) {
        high[i] = fcntl(descriptors[i].from, F_DUPFD, kAboveAll);
        if (high[i] < 0) return false;
    }
    for (std::size_t i = 0; i < count; ++i) {
        if (dup2(high[i], descriptors[i].to) < 0) return false;
        if (descriptors[i].to > last) last = descriptors[i].to;
    }
    return close_range(static_cast<unsigned>(last) + 1, ~0U, 0) == 0;
}

void reset_signals() noexcept {
    struct sigaction action = {};
    action.sa_handler = SIG_DFL;
    for (int number = 1; number < NSIG; ++number)
        sigaction(number, &action, nullptr);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
}

}  // namespace botbottle
