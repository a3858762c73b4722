// Calling a plugin in a child process: whatever it does to its process, this one goes on.
//
// For operations that only compute (a provider's). What it changes in memory is gone afterwards,
// and so is every thread, descriptor and process group member that it leaves behind.
#pragma once

#include <QByteArray>
#include <chrono>
#include <functional>

namespace botbottle {

// From the child to this process, in order; ends the child when nobody listens.
class ChildChannel {
  public:
    explicit ChildChannel(int fd) : fd_(fd) {}
    void send(char kind, const QByteArray& content) const;

  private:
    int fd_;
};

struct ChildOutcome {
    enum class Kind {
        Returned,
        Threw,
        Hangs,
        Crashed,    // `number`: the signal
        Ended,      // by exit() or _exit(); `number`: the exit code
        NotStarted  // `number`: errno
    };
    Kind kind = Kind::Returned;
    int number = 0;
};

// `receive` gets what `work` sends, on this thread, as it comes.
ChildOutcome call_in_child(const std::function<void(const ChildChannel&)>& work,
                           const std::function<void(char kind, const QByteArray&)>& receive,
                           std::chrono::milliseconds limit);

}  // namespace botbottle
