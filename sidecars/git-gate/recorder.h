// Recorder: what fetches and pushes become in the record.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "audit/log.h"
#include "git-gate/config.h"

namespace botbottle::git_gate {

// A decision that is in the record. `number` is 0 when the record cannot be written: then nothing
// may be done.
struct Entry {
    std::uint64_t number = 0;
    std::chrono::steady_clock::time_point at;
};

class Recorder {
  public:
    explicit Recorder(std::unique_ptr<audit::AuditLog> log) : log_(std::move(log)) {}

    // `what` is "fetch" or "push".
    Entry allow(std::string_view what, const Repo& repo, std::string_view rule,
                std::string_view reason = "");
    Entry deny(std::string_view what, const Repo& repo, std::string_view rule,
               std::string_view reason);
    // How what was allowed ended: 200, or 502 when the upstream did not take it.
    void end(const Entry& entry, std::string_view what, const Repo& repo, int status,
             std::uint64_t bytes_up, std::uint64_t bytes_down, std::string_view reason);

    void flush() { (void)log_->flush(); }

  private:
    Entry decide(std::string_view what, const Repo& repo, std::string_view verdict,
                 std::string_view rule, std::string_view reason);

    std::unique_ptr<audit::AuditLog> log_;
};

}  // namespace botbottle::git_gate
