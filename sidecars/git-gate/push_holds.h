// PushHolds: pushes that the operator is asked about. Each waits here until the answer, or as long
// as a call of the agent's waits; the question itself stays with the supervise sidecar, so that the
// same push, made again, finds what was decided meanwhile.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "git-gate/task.h"

namespace botbottle::git_gate {

// What the operator is told, and what makes two pushes the same: repo, refs and what was found
// where, never the value. Its digest is the question's name.
std::string name_of_question(const nlohmann::json& question);

struct PushAnswer {
    std::string status;  // pending, approved, rejected, expired; failed: nobody could be asked
    std::string proposal;
    std::string notes;
};

// One thread; must live until the io_context stopped running.
class PushHolds {
  public:
    class Waiting;
    using Tell = std::function<void(std::string_view event, const nlohmann::json& params)>;

    explicit PushHolds(asio::io_context& io) : io_(io) {}

    // Who carries questions to the operator, and how long a push waits. Without it nobody can be
    // asked.
    void enable(Tell tell, std::chrono::seconds patience);
    bool enabled() const noexcept { return static_cast<bool>(tell_); }

    // Null when too many wait already. Who gives it up lets it go.
    std::shared_ptr<Waiting> open(const std::string& question);
    // Asks, and waits.
    Task<PushAnswer> ask(std::shared_ptr<Waiting> waiting, nlohmann::json question);

    // What the other side says of a question: also "pending", with the proposal's id.
    void told(const std::string& question, const PushAnswer& answer);
    // A push with this approval has gone to the upstream: the approval was for one.
    void spent(const std::string& question);

  private:
    asio::io_context& io_;
    Tell tell_;
    std::chrono::seconds patience_{0};
    std::multimap<std::string, std::weak_ptr<Waiting>> waiting_;
};

class PushHolds::Waiting {
  public:
    explicit Waiting(asio::io_context& io) : changed_(io.get_executor()) {}
    // Nobody wants the answer any more.
    void give_up();

  private:
    friend class PushHolds;
    std::string question_;
    PushAnswer answer_;
    bool given_up_ = false;
    Timer changed_;
};

}  // namespace botbottle::git_gate
