#include "plugins/child_call.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <QtEndian>
#include <array>
#include <cerrno>

#include "files/unique_fd.h"
#include "plugins/contained_call.h"

namespace botbottle {
namespace {

using Clock = std::chrono::steady_clock;
using Receive = std::function<void(char, const QByteArray&)>;

// A frame: its kind, the size of its content (32 bits, big endian), the content.
constexpr qsizetype kHead = 5;

// The last words, which the plugin's own code cannot send by chance.
constexpr char kReturned = '\1';
constexpr char kThrew = '\2';

[[noreturn]] void be_the_child(const std::function<void(const ChildChannel&)>& work, int out) {
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    const ChildChannel channel(out);
    const CallOutcome outcome = call_contained([&] { work(channel); });
    channel.send(outcome == CallOutcome::Returned ? kReturned : kThrew, {});
    _exit(0);
}

// Takes what came; false when the time is over before the child has closed its end.
class Reader {
  public:
    Reader(int fd, const Receive& receive) : fd_(fd), receive_(receive) {}

    bool until(Clock::time_point deadline) {
        for (;;) {
            const auto left =
                std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now())
                    .count();
            pollfd ready = {fd_, POLLIN, 0};
            if (left <= 0) return false;
            if (poll(&ready, 1, static_cast<int>(left)) <= 0) continue;
            std::array<char, 65536> buffer;
            const ssize_t count = read(fd_, buffer.data(), buffer.size());
            if (count < 0 && errno == EINTR) continue;
            if (count <= 0) return true;
            pending_.append(buffer.data(), count);
            take_frames();
            if (last_ != 0) return true;
        }
    }

    char last() const { return last_; }

  private:
    void take_frames() {
        qsizetype at = 0;
        while (pending_.size() - at >= kHead) {
            const auto size = qFromBigEndian<quint32>(pending_.constData() + at + 1);
            if (pending_.size() - at - kHead < static_cast<qsizetype>(size)) break;
            const char kind = pending_[at];
            if (kind == kReturned || kind == kThrew)
                last_ = kind;
            else
                receive_(kind, pending_.mid(at + kHead, static_cast<qsizetype>(size)));
            at += kHead + static_cast<qsizetype>(size);
        }
        pending_.remove(0, at);
    }

    int fd_;
    const Receive& receive_;
    QByteArray pending_;
    char last_ = 0;
};

}  // namespace

void ChildChannel::send(char kind, const QByteArray& content) const {
    QByteArray frame(kHead, '\0');
    frame[0] = kind;
    qToBigEndian(static_cast<quint32>(content.size()), frame.data() + 1);
    frame += content;
    for (qsizetype sent = 0; sent < frame.size();) {
        const ssize_t count =
            write(fd_, frame.constData() + sent, static_cast<std::size_t>(frame.size() - sent));
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) _exit(1);
        sent += count;
    }
}

ChildOutcome call_in_child(const std::function<void(const ChildChannel&)>& work,
                           const Receive& receive, std::chrono::milliseconds limit) {
    using Kind = ChildOutcome::Kind;
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return {Kind::NotStarted, errno};
    const UniqueFd from(ends[0]);
    UniqueFd to(ends[1]);
    const pid_t child = fork();
    if (child < 0) return {Kind::NotStarted, errno};
    if (child == 0) be_the_child(work, to.get());
    setpgid(child, child);
    to = UniqueFd();
    Reader reader(from.get(), receive);
    const bool in_time = reader.until(Clock::now() + limit);
    const bool finished = reader.last() != 0;
    // What hangs, and what it has started, goes. One that died says how.
    if (!in_time || finished) kill(-child, SIGKILL);
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (!finished) kill(-child, SIGKILL);
    if (reader.last() == kReturned) return {Kind::Returned, 0};
    if (reader.last() == kThrew) return {Kind::Threw, 0};
    if (!in_time) return {Kind::Hangs, 0};
    if (WIFSIGNALED(status)) return {Kind::Crashed, WTERMSIG(status)};
    return {Kind::Ended, WEXITSTATUS(status)};
}

}  // namespace botbottle
