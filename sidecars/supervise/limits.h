// What an agent may make this program hold: each number is a bound on memory, disk or patience.
#pragma once

#include <chrono>
#include <cstddef>

namespace botbottle::supervise {

inline constexpr std::size_t kMaxBody = std::size_t{1} << 20;
inline constexpr std::size_t kMaxDepth = 32;  // of a JSON document: copies of one recurse
inline constexpr std::size_t kMaxProposal = std::size_t{256} * 1024;
inline constexpr std::size_t kMaxOpen = 32;
inline constexpr std::size_t kMaxArchived = 1000;
inline constexpr std::size_t kMaxJustification = 4096;
inline constexpr std::size_t kMaxListItems = 32;  // of a route: more than fits on a screen
inline constexpr std::size_t kMaxConnections = 64;
inline constexpr std::size_t kMaxBatch = 16;

inline constexpr std::chrono::seconds kHeadTime{10};
inline constexpr std::chrono::seconds kBodyTime{20};
inline constexpr std::chrono::seconds kIdleTime{120};
// Claude Code gives up after 60 s without a byte, Codex after 300 s in all.
inline constexpr std::chrono::seconds kProgressEvery{20};
inline constexpr std::chrono::seconds kLongestWait{240};

}  // namespace botbottle::supervise
