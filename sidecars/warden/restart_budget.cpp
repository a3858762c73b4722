#include "warden/restart_budget.h"

namespace botbottle::warden {

bool RestartBudget::take(Time now) {
    while (!taken_.empty() && now - taken_.front() >= window_)
        taken_.pop_front();
    if (taken_.size() == restarts_) return false;
    taken_.push_back(now);
    return true;
}

}  // namespace botbottle::warden
