#include "egress/attempts.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace botbottle::egress {
namespace {

constexpr std::uint32_t kTimer = UINT32_MAX;  // among the indexes of attempts

struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t size = 0;
};

SocketAddress socket_address(const IpAddress& address, std::uint16_t port) {
    SocketAddress result;
    if (address.is_v4()) {
        sockaddr_in v4{};
        v4.sin_family = AF_INET;
        v4.sin_port = htons(port);
        const auto bytes = address.v4_bytes();
        std::memcpy(&v4.sin_addr, bytes.data(), bytes.size());
        std::memcpy(&result.storage, &v4, sizeof v4);
        result.size = sizeof v4;
    } else {
        sockaddr_in6 v6{};
        v6.sin6_family = AF_INET6;
        v6.sin6_port = htons(port);
        std::memcpy(&v6.sin6_addr, address.v6_bytes().data(), address.v6_bytes().size());
        std::memcpy(&result.storage, &v6, sizeof v6);
        result.size = sizeof v6;
    }
    return result;
}

bool is_connected_to(int socket, const SocketAddress& expected) {
    SocketAddress peer;
    peer.size = sizeof peer.storage;
    if (::getpeername(socket, reinterpret_cast<sockaddr*>(&peer.storage), &peer.size) != 0)
        return false;
    return peer.size == expected.size &&
           std::memcmp(&peer.storage, &expected.storage, expected.size) == 0;
}

bool watch(int events, int fd, std::uint32_t what, std::uint32_t number) {
    epoll_event event{};
    event.events = what;
    event.data.u32 = number;
    return ::epoll_ctl(events, EPOLL_CTL_ADD, fd, &event) == 0;
}

}  // namespace

std::vector<IpAddress> in_turns(const std::vector<IpAddress>& addresses) {
    std::vector<IpAddress> first;
    std::vector<IpAddress> other;
    for (const IpAddress& address : addresses)
        (address.is_v4() == addresses.front().is_v4() ? first : other).push_back(address);
    std::vector<IpAddress> turns;
    turns.reserve(addresses.size());
    for (std::size_t i = 0; i < first.size() || i < other.size(); ++i) {
        if (i < first.size()) turns.push_back(first[i]);
        if (i < other.size()) turns.push_back(other[i]);
    }
    return turns;
}

Attempts::Attempts(std::vector<IpAddress> addresses, std::uint16_t port,
                   std::chrono::milliseconds delay)
    : addresses_(std::move(addresses)),
      port_(port),
      delay_(delay),
      events_(::epoll_create1(EPOLL_CLOEXEC)),
      timer_(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)) {
    if (!events_ || !timer_ || !watch(events_.get(), timer_.get(), EPOLLIN, kTimer)) {
        error_ = errno;
        events_.reset();
        next_ = addresses_.size();
    }
}

void Attempts::fail(Attempt& attempt, int error) {
    error_ = error;
    if (attempt.socket) --running_;
    attempt.socket.reset();  // which takes it off the events, too
}

void Attempts::begin_next() {
    const auto number = static_cast<std::uint32_t>(attempts_.size());
    Attempt& attempt = attempts_.emplace_back(Attempt{addresses_[next_++], {}});
    const SocketAddress to = socket_address(attempt.address, port_);
    control::Descriptor socket(
        ::socket(to.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!socket) return fail(attempt, errno);
    attempt.socket = std::move(socket);
    ++running_;
    const int fd = attempt.socket.get();
    const int on = 1;
    (void)::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const auto* name = reinterpret_cast<const sockaddr*>(&to.storage);
    if (::connect(fd, name, to.size) != 0 && errno != EINPROGRESS) return fail(attempt, errno);
    // Of one that is connected already the event comes at once.
    if (!watch(events_.get(), fd, EPOLLOUT, number)) return fail(attempt, errno);
    itimerspec after{};
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(delay_);
    after.it_value.tv_sec = seconds.count();
    after.it_value.tv_nsec = std::chrono::nanoseconds(delay_ - seconds).count();
    (void)::timerfd_settime(timer_.get(), 0, &after, nullptr);
}

bool Attempts::take_events() {
    bool due = running_ == 0;
    std::array<epoll_event, 16> events{};
    const int count = ::epoll_wait(events_.get(), events.data(), events.size(), 0);
    for (int i = 0; i < count; ++i) {
        const std::uint32_t number = events[static_cast<std::size_t>(i)].data.u32;
        if (number == kTimer) {
            std::uint64_t expirations = 0;
            (void)!::read(timer_.get(), &expirations, sizeof expirations);
            due = true;
            continue;
        }
        Attempt& attempt = attempts_[number];
        int error = 0;
        socklen_t size = sizeof error;
        ::getsockopt(attempt.socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
        if (error == 0 &&
            !is_connected_to(attempt.socket.get(), socket_address(attempt.address, port_)))
            error = EHOSTUNREACH;
        if (error == 0) {
            // Out of the set before it is handed on: another epoll will want it.
            (void)::epoll_ctl(events_.get(), EPOLL_CTL_DEL, attempt.socket.get(), nullptr);
            connected_ = std::move(attempt.socket);
            return false;
        }
        fail(attempt, error);
        due = true;
    }
    return due;
}

control::Descriptor Attempts::advance() {
    while (take_events() && next_ < addresses_.size())
        begin_next();
    return std::move(connected_);
}

}  // namespace botbottle::egress
