// Gate: the repos of one bottle behind one socket.
#pragma once

#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "control/descriptor.h"
#include "git-gate/git_command.h"
#include "git-gate/mirror.h"
#include "git-gate/push_holds.h"
#include "git-gate/recorder.h"
#include "git-gate/slots.h"
#include "git-gate/task.h"

namespace botbottle::git_gate {

// One thread; must live until the io_context stopped running.
class Gate {
  public:
    // `tell` says something over the control connection.
    Gate(asio::io_context& io, control::Descriptor listener, control::Descriptor audit_file,
         PushHolds::Tell tell);

    // Takes what `start` says, and begins to serve. Waits while a git that an earlier gate has left
    // behind is still ending.
    Result<void> start(nlohmann::json& params);

    // `scan.replace`: what is looked for, anew.
    Result<void> replace_scan(nlohmann::json& params);

    // `hold.told`: what became of a question about a push.
    Result<void> hear_of_hold(const nlohmann::json& params);

    Mirror* find(std::string_view repo);
    const Secrets& secrets() const { return secrets_; }
    const std::string& scan_rules() const { return scan_rules_; }
    Recorder& recorder() { return *recorder_; }
    PushHolds& holds() { return holds_; }
    Slots& slots() { return slots_; }
    const GitHome& home() const { return home_; }
    asio::io_context& io() { return home_.io; }

    void client_ended() { --clients_; }
    void flush();

  private:
    Result<void> take_directory();
    Task<void> accept();

    control::Descriptor listener_;
    control::Descriptor audit_file_;
    control::Descriptor directory_lock_;
    GitHome home_;
    std::unique_ptr<Recorder> recorder_;
    std::map<std::string, std::unique_ptr<Mirror>, std::less<>> mirrors_;
    Secrets secrets_;
    std::string scan_rules_;
    Slots slots_;
    PushHolds::Tell tell_;
    PushHolds holds_;
    std::size_t clients_ = 0;
};

}  // namespace botbottle::git_gate
