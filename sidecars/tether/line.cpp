#include "tether/line.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <utility>

namespace botbottle::tether {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kPiece = 32 * 1024;
constexpr std::size_t kCreditAt = kWindow / 4;
// Of the queue of what is to be sent.
constexpr std::size_t kChunk = 128 * 1024;
// What a channel keeps when it has nothing to write.
constexpr std::size_t kKept = 64 * 1024;

void make_nonblocking(int fd) {
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

bool would_block() {
    return errno == EAGAIN || errno == EINTR;
}

}  // namespace

Line::Line(int input, int output, Encoding encoding)
    : input_(input), output_(output), encoding_(encoding) {
    make_nonblocking(input_);
    make_nonblocking(output_);
}

void Line::watch(int fd, std::function<void()> ready) {
    watched_[fd] = std::move(ready);
}

void Line::forget(int fd) {
    watched_.erase(fd);
}

void Line::send(Type type, std::uint32_t channel, std::string_view payload) {
    if (broken_) return;
    const std::size_t room = payload.size() + kHeader;
    if (unsent_.empty() || unsent_.back().size() + room > kChunk)
        unsent_.emplace_back().reserve(std::max(room, kChunk));
    const std::size_t before = unsent_.back().size();
    append_frame(unsent_.back(), type, channel, payload);
    unsent_size_ += unsent_.back().size() - before;
    broken_ = unsent_size_ > kEndAt;
}

void Line::carry(std::uint32_t channel, Descriptor descriptor, Ways ways) {
    make_nonblocking(descriptor.get());
    Carried carried;
    carried.descriptor = std::move(descriptor);
    carried.reads = ways != Ways::out;
    carried.writes = ways != Ways::in;
    channels_.emplace(channel, std::move(carried));
}

int Line::carried(std::uint32_t channel) const {
    const auto found = channels_.find(channel);
    return found == channels_.end() ? -1 : found->second.descriptor.get();
}

void Line::drop(std::uint32_t channel, bool tell) {
    if (channels_.erase(channel) != 0 && tell) send(Type::gone, channel, {});
}

bool Line::drained(std::uint32_t channel) {
    for (;;) {
        const auto found = channels_.find(channel);
        if (found == channels_.end() || !found->second.reads) return true;
        if (found->second.credit == 0) return false;
        if (!read_some(channel, found->second)) return true;
    }
}

bool Line::flushed(std::uint32_t channel) const {
    const auto found = channels_.find(channel);
    return found == channels_.end() || found->second.pending.empty();
}

// False when there was nothing to read.
bool Line::read_some(std::uint32_t channel, Carried& carried) {
    std::array<char, kPiece> buffer;
    const ssize_t size =
        read(carried.descriptor.get(), buffer.data(), std::min(buffer.size(), carried.credit));
    if (size > 0) {
        carried.credit -= static_cast<std::size_t>(size);
        send(Type::data, channel, {buffer.data(), static_cast<std::size_t>(size)});
        return true;
    }
    if (size < 0 && would_block()) return false;
    // A terminal's master fails with EIO once nobody has the other side open.
    carried.reads = false;
    send(Type::end, channel, {});
    settle(channel);
    return false;
}

void Line::write_some(std::uint32_t channel, Carried& carried) {
    const ssize_t size =
        write(carried.descriptor.get(), carried.pending.data(), carried.pending.size());
    if (size < 0 && !would_block()) return drop(channel, true);
    if (size <= 0) return;
    carried.pending.erase(0, static_cast<std::size_t>(size));
    if (carried.pending.empty() && carried.pending.capacity() > kKept) carried.pending = {};
    carried.owed += static_cast<std::size_t>(size);
    if (carried.owed >= kCreditAt) {
        send(Type::credit, channel,
             number_bytes(static_cast<std::uint32_t>(std::exchange(carried.owed, 0))));
    }
    settle(channel);
}

// Passes an end on once everything before it is written, and lets go of what is done.
void Line::settle(std::uint32_t channel) {
    Carried& carried = channels_.at(channel);
    if (carried.writes && carried.end_came && carried.pending.empty()) {
        carried.writes = false;
        // Of a pipe there is nothing to shut down: closing it below is its end.
        if (carried.reads) shutdown(carried.descriptor.get(), SHUT_WR);
    }
    if (!carried.reads && !carried.writes) channels_.erase(channel);
}

void Line::advance(std::uint32_t channel, short events) {
    auto found = channels_.find(channel);
    if (found == channels_.end()) return;
    Carried& carried = found->second;
    if ((events & POLLOUT) != 0 && !carried.pending.empty()) {
        write_some(channel, carried);
        if ((found = channels_.find(channel)) == channels_.end()) return;
    }
    if ((events & (POLLIN | POLLHUP)) != 0 && carried.reads && carried.credit != 0) {
        // Others may have filled it since it was looked at.
        if (unsent_size_ >= kMostUnsent) return;
        read_some(channel, carried);
        return;
    }
    // A reader that went away: the writer on the other side is to know.
    const bool deaf = (events & (POLLERR | POLLNVAL)) != 0;
    const bool left = (events & POLLHUP) != 0 && !carried.reads;
    if (deaf || left) drop(channel, true);
}

void Line::take(Frame& frame) {
    const auto found = channels_.find(frame.channel);
    const bool ours = frame.type == Type::data || frame.type == Type::end ||
                      frame.type == Type::credit ||
                      (frame.type == Type::gone && found != channels_.end());
    if (!ours) return on_frame(frame);
    if (found == channels_.end()) return;  // it was let go of meanwhile
    Carried& carried = found->second;
    if (frame.type == Type::data) {
        if (carried.pending.size() + carried.owed + frame.payload.size() > kWindow) {
            broken_ = true;  // more than it was allowed
            return;
        }
        if (!carried.writes || carried.end_came) return;
        // Once and for all, so that it never grows to twice the window.
        if (carried.pending.size() + frame.payload.size() > kKept) carried.pending.reserve(kWindow);
        carried.pending += frame.payload;
        write_some(frame.channel, carried);
    } else if (frame.type == Type::end) {
        carried.end_came = true;
        settle(frame.channel);
    } else if (frame.type == Type::credit) {
        std::string_view payload = frame.payload;
        const auto more = take_number(payload);
        broken_ = broken_ || !more || carried.credit + *more > kWindow;
        if (!broken_) carried.credit += *more;
    } else {
        drop(frame.channel, false);
    }
}

bool Line::receive() {
    std::array<char, 2 * kPiece> buffer;
    const ssize_t size = read(input_, buffer.data(), buffer.size());
    if (size < 0 && would_block()) return true;
    if (size <= 0) return false;
    const std::string_view bytes(buffer.data(), static_cast<std::size_t>(size));
    if (encoding_ == Encoding::engine) {
        std::string own;
        engine_output_.add(bytes, own);
        reader_.add(own);
    } else {
        reader_.add(bytes);
    }
    while (!broken_) {
        auto frame = reader_.next();
        if (!frame) break;
        take(*frame);
    }
    return !broken_ && !reader_.broken() && !engine_output_.broken();
}

bool Line::transmit() {
    while (!unsent_.empty()) {
        const std::string& piece = unsent_.front();
        const ssize_t size = write(output_, piece.data() + sent_, piece.size() - sent_);
        if (size < 0) return would_block();
        sent_ += static_cast<std::size_t>(size);
        unsent_size_ -= static_cast<std::size_t>(size);
        if (sent_ != piece.size()) return true;
        unsent_.pop_front();
        sent_ = 0;
    }
    return true;
}

std::vector<pollfd> Line::polled() const {
    const bool sending = unsent_size_ != 0;
    std::vector<pollfd> found = {{input_, POLLIN, 0}, {sending ? output_ : -1, POLLOUT, 0}};
    for (const auto& [fd, ready] : watched_)
        found.push_back({fd, POLLIN, 0});
    const bool may_read = unsent_size_ < kMostUnsent;
    for (const auto& [channel, carried] : channels_) {
        short events = 0;
        if (carried.reads && carried.credit != 0 && may_read) events |= POLLIN;
        if (!carried.pending.empty()) events |= POLLOUT;
        // What is only read from and must wait would report its end again and again.
        const bool waits = events == 0 && carried.reads;
        found.push_back({waits ? -1 : carried.descriptor.get(), events, 0});
    }
    return found;
}

bool Line::step(int timeout_ms) {
    std::vector<pollfd> ready = polled();
    std::vector<int> watched;
    std::vector<std::uint32_t> channels;
    for (const auto& [fd, call] : watched_)
        watched.push_back(fd);
    for (const auto& [channel, carried] : channels_)
        channels.push_back(channel);
    if (poll(ready.data(), ready.size(), timeout_ms) < 0) return errno == EINTR;
    if (ready[1].revents != 0 && !transmit()) return false;
    if (ready[0].revents != 0 && !receive()) return false;
    std::size_t at = 2;
    for (const int fd : watched) {
        const bool happened = ready[at++].revents != 0;
        const auto found = watched_.find(fd);
        if (!happened || found == watched_.end()) continue;
        const auto call = found->second;  // which may forget itself
        call();
    }
    for (const std::uint32_t channel : channels) {
        if (const short events = ready[at++].revents; events != 0) advance(channel, events);
    }
    return !broken_;
}

void Line::deliver(int timeout_ms) {
    const auto deadline = Clock::now() + std::chrono::milliseconds(timeout_ms);
    while (Clock::now() < deadline) {
        std::vector<pollfd> waiting;
        std::vector<std::uint32_t> channels;
        for (const auto& [channel, carried] : channels_) {
            if (carried.pending.empty()) continue;
            waiting.push_back({carried.descriptor.get(), POLLOUT, 0});
            channels.push_back(channel);
        }
        if (waiting.empty() || poll(waiting.data(), waiting.size(), 50) < 0) return;
        for (std::size_t i = 0; i < channels.size(); ++i) {
            const auto found = channels_.find(channels[i]);
            if (waiting[i].revents != 0 && found != channels_.end())
                write_some(channels[i], found->second);
        }
    }
}

void Line::flush(int timeout_ms) {
    const auto deadline = Clock::now() + std::chrono::milliseconds(timeout_ms);
    while (unsent_size_ != 0 && Clock::now() < deadline) {
        pollfd writable = {output_, POLLOUT, 0};
        if (poll(&writable, 1, 50) > 0 && !transmit()) return;
    }
}

}  // namespace botbottle::tether
