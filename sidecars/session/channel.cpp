#include "session/channel.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <utility>

namespace botbottle::session {
namespace {

constexpr std::size_t kReadSize = 64 * 1024;

bool blocks(int fd) {
    return (fcntl(fd, F_GETFL) & O_NONBLOCK) == 0;
}

}  // namespace

Channel::Channel(int from, int to, Filter filter)
    : from_(from), to_(to), filter_(std::move(filter)), chunk_(blocks(to) ? PIPE_BUF : kReadSize) {}

pollfd Channel::source() const {
    // While something is pending the target is waited for instead.
    const bool wanted = !source_ended_ && !target_broken_ && idle();
    return {wanted ? from_ : -1, POLLIN, 0};
}

pollfd Channel::target() const {
    // Without anything to write, only its end is of interest: poll reports POLLERR unasked.
    const short events = idle() ? short{0} : short{POLLOUT};
    return {target_broken_ ? -1 : to_, events, 0};
}

void Channel::advance(short source_events, short target_events) {
    if ((target_events & (POLLERR | POLLNVAL)) != 0) target_broken_ = true;
    if (!target_broken_ && (target_events & POLLOUT) != 0) write_some();
    if (source_events != 0) read_some();
}

void Channel::read_some() {
    std::array<char, kReadSize> buffer;
    const ssize_t size = read(from_, buffer.data(), buffer.size());
    if (size > 0) {
        const std::string_view bytes(buffer.data(), static_cast<std::size_t>(size));
        if (filter_) {
            filter_(bytes, pending_);
        } else {
            pending_ += bytes;
        }
        return;
    }
    // A terminal's master fails with EIO once nobody has the other side open.
    if (size == 0 || (errno != EAGAIN && errno != EINTR)) source_ended_ = true;
}

void Channel::write_some() {
    const std::size_t size = std::min(pending_.size() - written_, chunk_);
    const ssize_t written = write(to_, pending_.data() + written_, size);
    if (written > 0) {
        written_ += static_cast<std::size_t>(written);
        if (!idle()) return;
        pending_.clear();
        written_ = 0;
    } else if (written < 0 && errno != EAGAIN && errno != EINTR) {
        target_broken_ = true;
    }
}

}  // namespace botbottle::session
