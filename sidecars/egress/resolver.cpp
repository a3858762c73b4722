// See resolver.h.
#include "egress/resolver.h"

#include <netdb.h>
#include <netinet/in.h>

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <cstring>

#include "egress/limits.h"
#include "egress/worker.h"

namespace botbottle::egress {

namespace {

IpAddress address_of(const addrinfo& info) {
    if (info.ai_family == AF_INET) {
        sockaddr_in v4{};
        std::memcpy(&v4, info.ai_addr, sizeof v4);
        IpAddress::V4Bytes bytes{};
        std::memcpy(bytes.data(), &v4.sin_addr, bytes.size());
        return IpAddress(bytes);
    }
    sockaddr_in6 v6{};
    std::memcpy(&v6, info.ai_addr, sizeof v6);
    IpAddress::V6Bytes bytes{};
    std::memcpy(bytes.data(), &v6.sin6_addr, bytes.size());
    return IpAddress(bytes);
}

Resolution look_up(const std::string& host) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_ADDRCONFIG;
    addrinfo* list = nullptr;
    Resolution resolution;
    if (const int error = getaddrinfo(host.c_str(), nullptr, &hints, &list); error != 0) {
        resolution.problem = gai_strerror(error);
        return resolution;
    }
    for (const addrinfo* info = list;
         info != nullptr && resolution.addresses.size() < kMaxAddresses; info = info->ai_next) {
        if (info->ai_family == AF_INET || info->ai_family == AF_INET6)
            resolution.addresses.push_back(address_of(*info));
    }
    freeaddrinfo(list);
    if (resolution.addresses.empty()) resolution.problem = "the name has no address";
    return resolution;
}

// What one coroutine waits on; shared with the query, which may end after the waiting did.
struct Waiting {
    explicit Waiting(const Executor& executor) : timer(executor, kResolveTime) {}
    asio::basic_waitable_timer<Clock, asio::wait_traits<Clock>, Executor> timer;
    Resolution resolution;
    bool answered = false;
};

}  // namespace

Resolver::Resolver() = default;

Resolver::~Resolver() = default;

Task<Resolution> Resolver::resolve(Worker& worker, const std::string& host) {
    const auto waiting = std::make_shared<Waiting>(worker.executor());
    const auto done = [waiting, executor = worker.executor()](const Resolution& resolution) {
        asio::post(executor, [waiting, resolution] {
            waiting->resolution = resolution;
            waiting->answered = true;
            waiting->timer.cancel();
        });
    };
    if (find_or_ask(host, waiting->resolution, done)) co_return waiting->resolution;
    (void)co_await waiting->timer.async_wait(kAwait);
    if (!waiting->answered) waiting->resolution.problem = "the name server did not answer in time";
    co_return waiting->resolution;
}

bool Resolver::find_or_ask(const std::string& host, Resolution& known, Done done) {
    const std::lock_guard lock(mutex_);
    const auto now = Clock::now();
    forget_expired(now);
    if (entries_.size() >= kMaxNames && entries_.find(host) == entries_.end()) {
        known.problem = "too many names were asked for in a short time";
        return true;
    }
    Entry& entry = entries_[host];
    if (!entry.under_way && now < entry.expires) {
        known = entry.resolution;
        return true;
    }
    entry.waiting.push_back(std::move(done));
    if (entry.under_way) return false;
    entry.under_way = true;
    // Threads are made at the first query: a bottle behind an upstream proxy may never ask one.
    if (!threads_) threads_ = std::make_unique<asio::thread_pool>(kResolverThreads);
    asio::post(*threads_, [this, host] { query(host); });
    return false;
}

void Resolver::query(const std::string& host) {
    Resolution resolution = look_up(host);
    std::vector<Done> waiting;
    {
        const std::lock_guard lock(mutex_);
        Entry& entry = entries_[host];
        entry.under_way = false;
        entry.expires = Clock::now() + (resolution.problem.empty() ? kResolvedFor : kUnresolvedFor);
        entry.resolution = resolution;
        waiting.swap(entry.waiting);
    }
    for (const Done& done : waiting)
        done(resolution);
}

// The policy's hosts are few: looking at all of them costs less than keeping them in order.
void Resolver::forget_expired(Clock::time_point now) {
    std::erase_if(entries_, [&](const auto& entry) {
        return !entry.second.under_way && entry.second.expires <= now;
    });
}

}  // namespace botbottle::egress
