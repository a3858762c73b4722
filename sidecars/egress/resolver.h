// Resolver: names to addresses, by the system's resolver on a few threads of its own, with a cache.
//
// Only names that the policy admitted get here. The cache keeps what was resolved for a fixed time:
// getaddrinfo does not tell a record's own.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/ip_address.h"
#include "egress/task.h"

namespace boost::asio {
class thread_pool;
}

namespace botbottle::egress {

struct Resolution {
    std::vector<IpAddress> addresses;
    std::string problem;  // empty when there are addresses
};

class Worker;

// Thread-safe.
class Resolver {
  public:
    Resolver();
    ~Resolver();

    // Gives up waiting after kResolveTime; the query goes on and its answer is cached.
    Task<Resolution> resolve(Worker& worker, const std::string& host);

  private:
    using Clock = std::chrono::steady_clock;
    using Done = std::function<void(const Resolution&)>;
    struct Entry {
        Resolution resolution;
        Clock::time_point expires;
        std::vector<Done> waiting;  // while the query is under way
        bool under_way = false;
    };

    // True with the answer when it is known; else `done` will be called, on some thread.
    bool find_or_ask(const std::string& host, Resolution& known, Done done);
    void query(const std::string& host);
    void forget_expired(Clock::time_point now);

    std::mutex mutex_;
    std::unordered_map<std::string, Entry> entries_;
    std::unique_ptr<asio::thread_pool> threads_;
};

}  // namespace botbottle::egress
