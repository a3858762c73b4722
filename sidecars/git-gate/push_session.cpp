#include "git-gate/push_session.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <nlohmann/json.hpp>
#include <utility>

#include "control/fields.h"
#include "git-gate/gate.h"

namespace botbottle::git_gate {
namespace {

using control::Json;
using control::Reply;

constexpr std::size_t kMaxUpdates = 1000;
constexpr std::string_view kPush = "push";
constexpr std::size_t kMaxPlaces = 200;
const Error kCannotAsk{"cannot_ask", "nobody can be asked in this bottle",
                       "the operator sets `supervise: true` in the bottle's file, or takes the "
                       "rule out of it"};

bool is_object_id(std::string_view text) {
    return (text.size() == 40 || text.size() == 64) &&
           text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// The hook has checked the names by the rules; here they must only be unable to be anything else.
bool is_ref(std::string_view text) {
    return (text.starts_with("refs/heads/") || text.starts_with("refs/tags/")) &&
           text.find_first_of(std::string_view(" :?*[\\^~\x7f\n\0", 11)) ==
               std::string_view::npos &&
           text.find("..") == std::string_view::npos;
}

Result<std::vector<RefUpdate>> read_updates(const Json& params) {
    const auto list = params.find("updates");
    if (list == params.end() || !list->is_array() || list->empty() || list->size() > kMaxUpdates)
        return failure("bad_request", "updates must be a list of 1 to 1000");
    std::vector<RefUpdate> updates;
    for (const Json& object : *list) {
        RefUpdate update;
        for (const auto& [name, target] :
             {std::pair{"ref", &update.ref}, std::pair{"old", &update.old_id},
              std::pair{"new", &update.new_id}}) {
            auto text = control::string_member(object, name);
            if (!text) return tl::make_unexpected(text.error());
            *target = *std::move(text);
        }
        if (!is_ref(update.ref) || !is_object_id(update.old_id) || !is_object_id(update.new_id))
            return failure("bad_request", "an update is not one of a branch or tag");
        updates.push_back(std::move(update));
    }
    return updates;
}

// What was found where, in words of the hook.
Result<Json> read_places(const Json& params) {
    const auto list = params.find("places");
    if (list == params.end() || !list->is_array() || list->empty() || list->size() > kMaxPlaces)
        return failure("bad_request", "places must be a list of 1 to 200");
    for (const Json& place : *list) {
        if (!place.is_object()) return failure("bad_request", "a place is an object");
        if (auto known = control::only_members(place, {"rule", "what", "where", "commit"}); !known)
            return tl::make_unexpected(known.error());
        for (const char* name : {"rule", "what", "where", "commit"})
            if (auto text = control::string_member(place, name); !text)
                return tl::make_unexpected(text.error());
    }
    return *list;
}

}  // namespace

PushSession::PushSession(Gate& gate, Mirror& mirror)
    : gate_(gate), mirror_(mirror), recorder_(gate.recorder()) {}

std::shared_ptr<PushSession> PushSession::open(Gate& gate, control::Descriptor socket,
                                               Mirror& mirror) {
    std::shared_ptr<PushSession> session(new PushSession(gate, mirror));
    control::Callbacks callbacks;
    callbacks.on_request = [weak = std::weak_ptr(session)](std::string_view method, Json& params,
                                                           const Reply& reply) {
        if (const auto self = weak.lock()) self->answer(method, params, reply);
    };
    session->connection_ =
        control::Connection::open(gate.io(), std::move(socket), std::move(callbacks));
    return session;
}

void PushSession::close() {
    connection_->close();
    if (waiting_) waiting_->give_up();
    guard_.release();
}

void PushSession::answer(std::string_view method, Json& params, const Reply& reply) {
    if (method == "push.rules") return tell_rules(reply);
    if (method == "push.scan")
        return reply.result({{"secrets", control::secrets_to_json(gate_.secrets())},
                             {"scan_rules", gate_.scan_rules()}});
    if (decided_ || (waiting_ && approved_as_.empty() && method != "push.refuse"))
        return reply.error({"not_now", "this push is decided", {}});
    if (method == "push.ask") return ask(params, reply);
    decided_ = true;
    if (method == "push.refuse") return refuse(params, reply);
    if (method == "push.forward") return forward(params, reply);
    reply.error({"unknown_method", "no such method", {}});
}

void PushSession::tell_rules(const Reply& reply) {
    const RepoRules& rules = mirror_.repo().rules;
    reply.result({{"repo", mirror_.repo().name},
                  {"branches", rules.branches},
                  {"force", rules.force},
                  {"delete", rules.deletion},
                  {"created", mirror_.created()},
                  {"paths", rules.paths},
                  {"dlp", rules.dlp}});
}

// Once for a push. The answer is for exactly these refs.
void PushSession::ask(Json& params, const Reply& reply) {
    if (waiting_) return reply.error({"not_now", "this push was asked about already", {}});
    if (!gate_.holds().enabled()) return reply.error(kCannotAsk);
    auto updates = read_updates(params);
    if (!updates) return reply.error(updates.error());
    auto places = read_places(params);
    if (!places) return reply.error(places.error());
    const auto commits = control::number_member(params, "commits");
    if (!commits) return reply.error(commits.error());
    Json question = {{"repo", mirror_.repo().name},
                     {"url", mirror_.repo().url},
                     {"updates", params["updates"]},
                     {"commits", *commits},
                     {"places", *std::move(places)}};
    question_ = name_of_question(question);
    waiting_ = gate_.holds().open(question_);
    if (!waiting_)
        return reply.error({"too_many_held", "too many pushes wait for the operator already",
                            "push again when one of them is decided"});
    asked_about_ = *std::move(updates);
    asio::co_spawn(
        gate_.io().get_executor(),
        [self = shared_from_this(), question = std::move(question), reply]() mutable {
            return self->wait_for_answer(std::move(question), reply);
        },
        asio::detached);
}

Task<void> PushSession::wait_for_answer(Json question, Reply reply) {
    const PushAnswer answer = co_await gate_.holds().ask(waiting_, std::move(question));
    if (answer.status == "approved") approved_as_ = answer.proposal;
    reply.result(
        {{"status", answer.status}, {"proposal", answer.proposal}, {"notes", answer.notes}});
}

void PushSession::refuse(const Json& params, const Reply& reply) {
    const auto rule = control::string_member(params, "rule");
    const auto reason = control::string_member(params, "reason");
    if (!rule || !reason) return reply.error({"bad_request", "rule and reason are texts", {}});
    refusal_ = *reason;
    (void)recorder_.deny(kPush, mirror_.repo(), *rule, *reason);
    reply.result(Json::object());
}

void PushSession::forward(const Json& params, const Reply& reply) {
    auto updates = read_updates(params);
    if (!updates) return reply.error(updates.error());
    auto quarantine = control::string_member(params, "quarantine");
    if (!quarantine) return reply.error(quarantine.error());
    if (waiting_ && *updates != asked_about_)
        return reply.error({"bad_request", "the operator was asked about other refs", {}});
    asio::co_spawn(
        gate_.io().get_executor(),
        [self = shared_from_this(), updates = *std::move(updates),
         quarantine = *std::move(quarantine),
         reply]() mutable { return self->send(std::move(updates), std::move(quarantine), reply); },
        asio::detached);
}

Task<void> PushSession::send(std::vector<RefUpdate> updates, std::string quarantine, Reply reply) {
    const Entry entry = approved_as_.empty()
                            ? recorder_.allow(kPush, mirror_.repo(), "push_scanned")
                            : recorder_.allow(kPush, mirror_.repo(), "push_approved",
                                              "let through by the operator, " + approved_as_);
    if (entry.number == 0) {
        refusal_ = "the record cannot be written";
        reply.error({"audit", refusal_, "the operator looks at the host's disk"});
        co_return;
    }
    UpstreamLock::Guard guard = co_await mirror_.lock().take();
    guard_ = std::move(guard);
    // A variable, not a temporary of the co_await: GCC 12 would destroy that twice (task.h).
    const std::function<void(std::string_view)> on_line = [connection =
                                                               connection_](std::string_view line) {
        connection->notify("line", {{"text", line}});
    };
    const auto sent = co_await mirror_.forward(updates, quarantine, on_line);
    recorder_.end(entry, kPush, mirror_.repo(), sent ? 200 : 502, 0, 0,
                  sent ? std::string() : sent.error().message);
    if (!sent) {
        refusal_ = sent.error().message;
        reply.error(sent.error());
        co_return;
    }
    if (!approved_as_.empty()) gate_.holds().spent(question_);
    reply.result(Json::object());
}

}  // namespace botbottle::git_gate
