#include "plugins/operation_thread.h"

#include <pthread.h>
#include <signal.h>

#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

namespace botbottle {
namespace {

using Clock = std::chrono::steady_clock;

// How often the operator and the signs of life are looked at.
constexpr std::chrono::milliseconds kLook{100};

sigset_t every_signal() {
    sigset_t all;
    sigfillset(&all);
    return all;
}

// Blocks every signal of this thread, and restores what was blocked before.
class WithoutSignals {
  public:
    WithoutSignals() {
        const sigset_t all = every_signal();
        pthread_sigmask(SIG_SETMASK, &all, &before_);
    }
    ~WithoutSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
    WithoutSignals(const WithoutSignals&) = delete;
    WithoutSignals& operator=(const WithoutSignals&) = delete;

    const sigset_t& before() const { return before_; }

  private:
    sigset_t before_ = {};
};

// Says when to give up.
class Watch {
  public:
    explicit Watch(const Patience& patience) : patience_(patience) {}

    bool is_over() {
        const auto now = Clock::now();
        auto alive = began_;
        if (patience_.last_sign_of_life) alive = std::max(alive, patience_.last_sign_of_life());
        if (now - alive > patience_.silence) return true;
        const bool interrupted = patience_.interrupted && patience_.interrupted();
        if (interrupted && !interrupted_) interrupted_ = now;
        return interrupted_ && now - *interrupted_ > patience_.after_interrupt;
    }

  private:
    const Patience& patience_;
    Clock::time_point began_ = Clock::now();
    std::optional<Clock::time_point> interrupted_;
};

}  // namespace

struct OperationThread::Shared {
    std::mutex mutex;
    std::condition_variable changed;
    std::function<void()> work;  // to be done, or being done
    bool done = false;
    CallOutcome outcome = CallOutcome::Hangs;
    sigset_t mask = {};  // the caller's, which what the operation starts inherits

    [[noreturn]] void work_for_ever() {
        std::unique_lock lock(mutex);
        for (;;) {
            changed.wait(lock, [this] { return work && !done; });
            lock.unlock();
            pthread_sigmask(SIG_SETMASK, &mask, nullptr);
            const CallOutcome now = call_contained(work);
            const sigset_t all = every_signal();
            pthread_sigmask(SIG_SETMASK, &all, nullptr);
            lock.lock();
            outcome = now;
            done = true;
            changed.notify_all();
        }
    }
};

// The thread is never ended: what it has started may be tied to it.
OperationThread::OperationThread() : shared_(std::make_shared<Shared>()) {
    const WithoutSignals blocked;
    std::thread([shared = shared_] { shared->work_for_ever(); }).detach();
}

CallOutcome OperationThread::run(std::function<void()> work, const Patience& patience) {
    const WithoutSignals blocked;
    std::unique_lock lock(shared_->mutex);
    shared_->work = std::move(work);
    shared_->mask = blocked.before();
    shared_->done = false;
    shared_->changed.notify_all();
    Watch watch(patience);
    while (!shared_->changed.wait_for(lock, kLook, [this] { return shared_->done; })) {
        if (watch.is_over()) return CallOutcome::Hangs;
    }
    shared_->work = nullptr;
    return shared_->outcome;
}

}  // namespace botbottle
