// Service: the state of this program. What waits, who waits for it, and what the bottle may do now.
//
// Lives on one thread.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "audit/log.h"
#include "supervise/limits.h"
#include "supervise/queue.h"

namespace botbottle::supervise {

namespace asio = boost::asio;
template <typename T>
using Task = asio::awaitable<T, asio::io_context::executor_type>;
using Clock = std::chrono::steady_clock;

struct Settings {
    std::string identity;
    std::chrono::seconds response_time{30};  // how long a proposal's call waits for its answer
    std::chrono::seconds expiry{24 * 3600};
    Json policy;
    Json base;                              // {revision, digest} of `policy`
    std::optional<std::string> dockerfile;  // of an image that can be built anew
};

class Service {
  public:
    // Told what became of a request that the egress holds, or of a push that the git-gate does;
    // also of one that was decided while no such program ran, from inside the constructor.
    using HoldDecided = std::function<void(const std::string& tool, const std::string& hold,
                                           const Decision& decision)>;

    Service(asio::io_context& io, Settings settings, Queue queue,
            std::unique_ptr<audit::AuditLog> log, HoldDecided hold_decided = nullptr);
    Service(const Service&) = delete;
    Service& operator=(const Service&) = delete;

    // The id, which is an older one's when that asks for the same.
    Result<std::string> propose(const std::string& tool, Json payload, std::string justification);

    // A request that the egress holds: kept like a proposal, for so long at most. Its member `hold`
    // is the egress's name for it.
    Result<std::string> open_hold(const Json& request, std::chrono::seconds time);
    void close_hold(const std::string& hold);
    void close_all_holds();

    // A push that the git-gate holds: its question stays when the push does not wait any more. Its
    // member `hold` is the gate's name for the question, the same for the same push. An approval
    // that was given meanwhile is the answer.
    struct PushQuestion {
        std::string id;
        std::optional<Decision> decision;
    };
    Result<PushQuestion> open_push(const Json& question);
    void spend_push(const std::string& hold);
    // `invalid_arguments` for what is no held push.
    Result<void> give_reason(const std::string& id, std::string justification);

    // Returns when the proposal is decided, or at `until`.
    Task<void> wait(const std::string& id, Clock::time_point until);

    bool is_open(const std::string& id) const { return queue_.is_open(id); }
    std::optional<Decision> decision(const std::string& id) const { return queue_.decision(id); }
    std::size_t open_count() const { return queue_.proposals().size(); }

    const Json& policy() const { return settings_.policy; }
    void replace_policy(Json policy, Json base);
    void replace_dockerfile(std::string text) { settings_.dockerfile = std::move(text); }
    // The image's, when the agent may propose another.
    const std::optional<std::string>& dockerfile() const { return settings_.dockerfile; }
    std::chrono::seconds response_time() const { return settings_.response_time; }

    void flush_audit() { log_->flush(); }

  private:
    void watch();
    void look();
    std::string hold_of(const std::string& id, std::string_view tool) const;
    void record(std::string_view event, std::string_view subject, const std::string& reason);

    asio::io_context& io_;
    Settings settings_;
    Queue queue_;
    std::unique_ptr<audit::AuditLog> log_;
    HoldDecided hold_decided_;
    asio::posix::basic_stream_descriptor<asio::io_context::executor_type> changes_;  // inotify
    asio::steady_timer next_expiry_;
    std::set<std::pair<std::string, asio::steady_timer*>> waiting_;
};

}  // namespace botbottle::supervise
