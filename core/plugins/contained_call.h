// Calling a plugin's code without being at its mercy: what it throws and what never returns becomes
// an outcome here.
#pragma once

#include <chrono>
#include <functional>

namespace botbottle {

enum class CallOutcome { Returned, Threw, Hangs };

// On this thread, without a limit: for what may take long, and for backends, whose children are
// tied to the thread that made them (PR_SET_PDEATHSIG).
CallOutcome call_contained(const std::function<void()>& work);

// On a thread of its own. After `limit` it is given up and left behind, so that `work` must own
// what it uses.
CallOutcome call_contained(std::function<void()> work, std::chrono::milliseconds limit);

}  // namespace botbottle
