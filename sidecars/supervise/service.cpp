#include "supervise/service.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/deferred.hpp>
#include <ctime>
#include <map>

namespace botbottle::supervise {
namespace {

constexpr std::chrono::seconds kLookAtLeastEvery{60};
constexpr std::string_view kHeldRequest = "dlp-hold";
constexpr std::string_view kHeldPush = "push-hold";
constexpr const char* kGone = "the request does not wait any more";

Seconds now() {
    return std::time(nullptr);
}

int watch_directory(int directory) {
    const int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    const std::string path = "/proc/self/fd/" + std::to_string(directory);
    if (fd >= 0) inotify_add_watch(fd, path.c_str(), IN_CREATE | IN_MOVED_TO);
    return fd;
}

// For the record: never the agent's own words.
std::string summary(const std::string& tool, const Json& payload) {
    if (tool == kHeldRequest) return tool + " " + payload.value("rule", std::string());
    if (tool == kHeldPush) return tool + " " + payload.value("repo", std::string());
    const auto host = payload.is_object() ? payload.find("host") : payload.end();
    return host != payload.end() && host->is_string() ? tool + " " + host->get<std::string>()
                                                      : tool;
}

}  // namespace

Service::Service(asio::io_context& io, Settings settings, Queue queue,
                 std::unique_ptr<audit::AuditLog> log, HoldDecided hold_decided)
    : io_(io),
      settings_(std::move(settings)),
      queue_(std::move(queue)),
      log_(std::move(log)),
      hold_decided_(std::move(hold_decided)),
      changes_(io.get_executor(), watch_directory(queue_.directory())),
      next_expiry_(io) {
    watch();
    look();
}

Result<std::string> Service::propose(const std::string& tool, Json payload,
                                     std::string justification) {
    if (justification.size() > kMaxJustification)
        return failure("too_large", "justification is longer than " +
                                        std::to_string(kMaxJustification) + " bytes");
    look();
    if (const Proposal* equal = queue_.find_equal(tool, payload)) return equal->id;
    const std::string what = summary(tool, payload);
    const Seconds created = now();
    auto id = queue_.add({"", settings_.identity, tool, created, created + settings_.expiry.count(),
                          std::move(justification), std::move(payload), settings_.base});
    if (!id) return id;
    record("proposed", *id, what);
    look();
    return id;
}

Result<std::string> Service::open_hold(const Json& request, std::chrono::seconds time) {
    look();
    const Seconds created = now();
    const Seconds expires = created + std::min(time, settings_.expiry).count();
    const std::string tool(kHeldRequest);
    auto id =
        queue_.add({"", settings_.identity, tool, created, expires, "", request, settings_.base});
    if (!id) return id;
    record("proposed", *id, summary(tool, request));
    look();
    return id;
}

Result<Service::PushQuestion> Service::open_push(const Json& question) {
    look();
    const std::string tool(kHeldPush);
    const Seconds created = now();
    const Seconds lifetime = settings_.expiry.count();
    if (const Proposal* equal = queue_.find_equal(tool, question))
        return PushQuestion{equal->id, {}};
    const std::string hold = question.value("hold", std::string());
    if (auto approved = queue_.find_approved(tool, hold, created - lifetime))
        return PushQuestion{approved->id, approved};
    auto id = queue_.add(
        {"", settings_.identity, tool, created, created + lifetime, "", question, settings_.base});
    if (!id) return tl::make_unexpected(id.error());
    record("proposed", *id, summary(tool, question));
    look();
    return PushQuestion{*id, queue_.decision(*id)};
}

void Service::spend_push(const std::string& hold) {
    look();
    while (const auto approved = queue_.find_approved(std::string(kHeldPush), hold, 0))
        if (!queue_.spend(approved->id)) return;
}

Result<void> Service::give_reason(const std::string& id, std::string justification) {
    if (justification.size() > kMaxJustification)
        return failure("too_large", "justification is longer than " +
                                        std::to_string(kMaxJustification) + " bytes");
    look();
    const auto found = queue_.proposals().find(id);
    if (found == queue_.proposals().end()) return {};  // decided: that is the answer
    if (found->second.tool != kHeldPush)
        return failure("invalid_arguments", id + " is not a push that waits",
                       "git names the id when it refuses a push that needs an approval");
    if (found->second.justification == justification) return {};
    if (auto given = queue_.give_reason(id, std::move(justification)); !given) return given;
    record("reason_given", id, std::string(kHeldPush));
    return {};
}

std::string Service::hold_of(const std::string& id, std::string_view tool) const {
    const auto found = queue_.proposals().find(id);
    if (found == queue_.proposals().end() || found->second.tool != tool) return {};
    return found->second.payload.value("hold", std::string());
}

void Service::close_hold(const std::string& hold) {
    for (const auto& [id, proposal] : queue_.proposals())
        if (hold_of(id, kHeldRequest) == hold) queue_.expire(id, kGone, now());
    look();
}

void Service::close_all_holds() {
    for (const auto& [id, proposal] : queue_.proposals())
        if (!hold_of(id, kHeldRequest).empty()) queue_.expire(id, kGone, now());
    look();
}

Task<void> Service::wait(const std::string& id, Clock::time_point until) {
    if (!queue_.is_open(id)) co_return;
    asio::steady_timer timer(io_, until);
    const auto entry = waiting_.emplace(id, &timer).first;
    co_await timer.async_wait(asio::as_tuple(asio::deferred));
    waiting_.erase(entry);
}

void Service::replace_policy(Json policy, Json base) {
    settings_.policy = std::move(policy);
    settings_.base = std::move(base);
}

// What the operator's commands put into the directory.
void Service::watch() {
    changes_.async_wait(asio::posix::descriptor_base::wait_read,
                        [this](const boost::system::error_code& error) {
                            if (error) return;
                            char events[4096];
                            while (read(changes_.native_handle(), events, sizeof events) > 0) {
                            }
                            look();
                            watch();
                        });
}

void Service::look() {
    std::map<std::string, std::pair<std::string, std::string>> holds;  // by id: tool and hold
    for (const auto& [id, proposal] : queue_.proposals())
        if (const std::string hold = hold_of(id, proposal.tool); !hold.empty())
            holds.emplace(id, std::pair(proposal.tool, hold));
    for (const Decision& decision : queue_.collect(now())) {
        if (const auto held = holds.find(decision.id); held != holds.end()) {
            const auto& [tool, hold] = held->second;
            if (hold_decided_) hold_decided_(tool, hold, decision);
        }
        std::string reason = decision.status;
        if (!decision.scope.empty()) reason += ", " + decision.scope;
        record("decided", decision.id, reason + ", by " + decision.decided_by);
        for (const auto& [id, timer] : waiting_)
            if (id == decision.id) timer->cancel();
    }
    auto next = Clock::now() + kLookAtLeastEvery;
    for (const auto& [id, proposal] : queue_.proposals())
        next = std::min(next, Clock::now() + std::chrono::seconds(
                                                 std::max<Seconds>(proposal.expires - now(), 1)));
    next_expiry_.expires_at(next);
    next_expiry_.async_wait([this](const boost::system::error_code& error) {
        if (!error) look();
    });
}

void Service::record(std::string_view event, std::string_view subject, const std::string& reason) {
    log_->append(audit::LifeEvent{event, subject, reason});
    log_->flush();
}

}  // namespace botbottle::supervise
