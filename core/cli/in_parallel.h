// in_parallel: the same work for many things that know nothing of each other.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <thread>
#include <vector>

namespace botbottle::cli {

// Calls work(0) … work(count - 1), in any order, on as many threads as help. `work` must not throw.
template <typename Work>
void in_parallel(std::size_t count, const Work& work) {
    constexpr std::size_t kWorthAThread = 64;
    constexpr std::size_t kMostThreads = 8;
    const std::size_t threads =
        std::min({count / kWorthAThread + 1, kMostThreads,
                  static_cast<std::size_t>(std::max(1U, std::thread::hardware_concurrency()))});
    std::atomic<std::size_t> next = 0;
    const auto take = [&] {
        for (std::size_t at = next++; at < count; at = next++)
            work(at);
    };
    std::vector<std::thread> others;
    for (std::size_t i = 1; i < threads; ++i)
        others.emplace_back(take);
    take();
    for (std::thread& other : others)
        other.join();
}

}  // namespace botbottle::cli
