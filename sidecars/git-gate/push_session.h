// PushSession: the gate's side of one push. Git's pre-receive hook (sidecars/git-hook) asks it for
// the rules, and then says what it found, or what may go to the upstream.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "control/connection.h"
#include "control/descriptor.h"
#include "git-gate/mirror.h"
#include "git-gate/push_holds.h"
#include "git-gate/recorder.h"

namespace botbottle::git_gate {

class Gate;

class PushSession : public std::enable_shared_from_this<PushSession> {
  public:
    // `socket` is our end; the hook inherits the other one.
    static std::shared_ptr<PushSession> open(Gate& gate, control::Descriptor socket,
                                             Mirror& mirror);

    // After git has ended: its refs are what they will be.
    void close();

    // Why nothing was pushed; empty when something was, or when it never came to a decision.
    const std::string& refusal() const noexcept { return refusal_; }

  private:
    PushSession(Gate& gate, Mirror& mirror);

    void answer(std::string_view method, control::Json& params, const control::Reply& reply);
    void tell_rules(const control::Reply& reply);
    void refuse(const control::Json& params, const control::Reply& reply);
    void ask(control::Json& params, const control::Reply& reply);
    Task<void> wait_for_answer(control::Json question, control::Reply reply);
    void forward(const control::Json& params, const control::Reply& reply);
    Task<void> send(std::vector<RefUpdate> updates, std::string quarantine, control::Reply reply);

    Gate& gate_;
    Mirror& mirror_;
    Recorder& recorder_;
    std::shared_ptr<control::Connection> connection_;
    UpstreamLock::Guard guard_;
    std::shared_ptr<PushHolds::Waiting> waiting_;  // for the operator
    std::string question_;                         // that the operator was asked
    std::vector<RefUpdate> asked_about_;
    std::string approved_as_;  // the proposal's id
    bool decided_ = false;
    std::string refusal_;
};

}  // namespace botbottle::git_gate
