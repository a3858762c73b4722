// AuditLog: numbers, chains and writes the lines of one plane.
//
// Lines are appended to memory first and written together by flush(), so that everything that one
// turn of an event loop decided is one write. What the file did not take stays in memory and goes
// out first next time: a disk that was full leaves no gap and no torn line.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>

#include "audit/chain.h"
#include "audit/record.h"

namespace botbottle::audit {

// Thread-safe.
class AuditLog {
  public:
    // `fd` (borrowed) is open for appending, and for reading when it is a regular file.
    static Result<std::unique_ptr<AuditLog>> open(int fd, std::string plane);

    // The line's number; 0 when the file has refused so much that nothing more is kept. Then
    // nothing may be allowed.
    std::uint64_t append(const Record& record);
    std::uint64_t append(const LifeEvent& event);

    // True when every line that was appended is in the file.
    bool flush();

    // How the last flush ended.
    bool healthy() const noexcept { return healthy_.load(std::memory_order_relaxed); }

  private:
    AuditLog(int fd, std::string plane, Tail tail);
    template <typename Render>
    std::uint64_t append_line(const Render& render);
    std::string_view now();

    static constexpr std::size_t kMaxPending = 256 * 1024;

    const int fd_;
    const std::string plane_;
    std::atomic<bool> healthy_{true};
    std::mutex mutex_;
    Chain chain_;
    std::string pending_;
    std::int64_t second_ = -1;  // that time_ was rendered for
    std::string time_;
};

}  // namespace botbottle::audit
