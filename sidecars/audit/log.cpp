// See log.h.
#include "audit/log.h"

#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <utility>

namespace botbottle::audit {

Result<std::unique_ptr<AuditLog>> AuditLog::open(int fd, std::string plane) {
    auto tail = read_tail(fd, plane);
    if (!tail) return tl::make_unexpected(tail.error());
    return std::unique_ptr<AuditLog>(new AuditLog(fd, std::move(plane), std::move(*tail)));
}

AuditLog::AuditLog(int fd, std::string plane, Tail tail)
    : fd_(fd), plane_(std::move(plane)), chain_(std::move(tail.chain)) {
    // The torn line stays as it is, as a line of its own: it is what the killed writer left.
    if (tail.torn) pending_ = "\n";
}

std::uint64_t AuditLog::append(const Record& record) {
    return append_line([&](const Stamp& stamp) { append_record(pending_, stamp, record); });
}

std::uint64_t AuditLog::append(const LifeEvent& event) {
    return append_line([&](const Stamp& stamp) { append_life_event(pending_, stamp, event); });
}

template <typename Render>
std::uint64_t AuditLog::append_line(const Render& render) {
    const std::lock_guard lock(mutex_);
    if (pending_.size() > kMaxPending) return 0;
    const std::uint64_t sequence = chain_.next_sequence();
    const std::size_t begin = pending_.size();
    render(Stamp{sequence, now(), plane_, chain_.previous()});
    chain_.advance(std::string_view(pending_).substr(begin));
    pending_ += '\n';
    return sequence;
}

bool AuditLog::flush() {
    const std::lock_guard lock(mutex_);
    std::size_t written = 0;
    while (written < pending_.size()) {
        const ssize_t n = ::write(fd_, pending_.data() + written, pending_.size() - written);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) break;
        written += static_cast<std::size_t>(n);
    }
    const bool complete = written == pending_.size();
    pending_.erase(0, written);
    healthy_.store(complete, std::memory_order_relaxed);
    return complete;
}

// RFC 3339; all but the milliseconds is rendered once a second.
std::string_view AuditLog::now() {
    timespec time{};
    clock_gettime(CLOCK_REALTIME, &time);
    if (time.tv_sec != second_) {
        second_ = time.tv_sec;
        tm utc{};
        gmtime_r(&time.tv_sec, &utc);
        char text[32];
        const std::size_t size = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S.000Z", &utc);
        time_.assign(text, size);
    }
    const long milliseconds = time.tv_nsec / 1'000'000;
    const std::size_t digits = time_.size() - 4;
    time_[digits] = static_cast<char>('0' + milliseconds / 100);
    time_[digits + 1] = static_cast<char>('0' + milliseconds / 10 % 10);
    time_[digits + 2] = static_cast<char>('0' + milliseconds % 10);
    return time_;
}

}  // namespace botbottle::audit
