#include "plugins/contained_call.h"

#include <pthread.h>
#include <signal.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

namespace botbottle {

CallOutcome call_contained(const std::function<void()>& work) {
    try {
        work();
        return CallOutcome::Returned;
    } catch (...) {
        // plugin.h forbids it; a plugin that does it anyway must not take the operator's bottles
        // down.
        return CallOutcome::Threw;
    }
}

CallOutcome call_contained(std::function<void()> work, std::chrono::milliseconds limit) {
    struct Shared {
        std::function<void()> work;
        std::mutex mutex;
        std::condition_variable changed;
        CallOutcome outcome = CallOutcome::Hangs;
    };
    const auto shared = std::make_shared<Shared>();
    shared->work = std::move(work);
    std::thread thread([shared] {
        // Signals are for the thread that waits.
        sigset_t all;
        sigfillset(&all);
        pthread_sigmask(SIG_BLOCK, &all, nullptr);
        const CallOutcome outcome = call_contained(shared->work);
        const std::lock_guard lock(shared->mutex);
        shared->outcome = outcome;
        shared->changed.notify_one();
    });
    std::unique_lock lock(shared->mutex);
    shared->changed.wait_for(lock, limit, [&] { return shared->outcome != CallOutcome::Hangs; });
    const CallOutcome outcome = shared->outcome;
    lock.unlock();
    if (outcome == CallOutcome::Hangs)
        thread.detach();
    else
        thread.join();
    return outcome;
}

}  // namespace botbottle
