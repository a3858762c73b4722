#include "supervise/control_handler.h"

#include <nlohmann/json.hpp>

#include "control/fields.h"

namespace botbottle::supervise {
namespace {

constexpr std::string_view kSchema = "botbottle.supervise/1";
constexpr std::uint64_t kLongestExpiry = 31 * 24 * 3600;
constexpr std::uint64_t kLongestHold = 3600;
const Error kNotStarted{"not_now", "the first message is `start`", {}};

Result<Json> object_member(Json& params, const char* name) {
    const auto found = params.find(name);
    if (found == params.end() || !found->is_object())
        return failure("bad_request", std::string(name) + " must be an object");
    return std::move(*found);
}

Result<Settings> read_start(Json& params) {
    const auto known = control::only_members(
        params,
        {"schema", "identity", "policy", "base", "response_timeout_s", "expiry_s", "dockerfile"});
    if (!known) return tl::make_unexpected(known.error());
    const auto schema = control::string_member(params, "schema");
    if (!schema || *schema != kSchema)
        return failure("bad_schema", "schema is not " + std::string(kSchema));
    Settings settings;
    auto identity = control::string_member(params, "identity");
    if (!identity) return tl::make_unexpected(identity.error());
    settings.identity = *std::move(identity);
    for (const auto& [name, target] :
         {std::pair{"policy", &settings.policy}, std::pair{"base", &settings.base}}) {
        auto object = object_member(params, name);
        if (!object) return tl::make_unexpected(object.error());
        *target = *std::move(object);
    }
    const auto response = control::number_member(params, "response_timeout_s");
    if (!response) return tl::make_unexpected(response.error());
    const auto expiry = control::number_member(params, "expiry_s");
    if (!expiry) return tl::make_unexpected(expiry.error());
    if (*response > static_cast<std::uint64_t>(kLongestWait.count()) || *expiry == 0 ||
        *expiry > kLongestExpiry)
        return failure("bad_request", "response_timeout_s or expiry_s is out of range");
    settings.response_time = std::chrono::seconds(*response);
    settings.expiry = std::chrono::seconds(*expiry);
    if (const auto text = params.find("dockerfile"); text != params.end() && text->is_string())
        settings.dockerfile = text->get<std::string>();
    return settings;
}

Result<void> start(Program& program, Json& params) {
    if (program.service) return failure("not_now", "it was started already");
    auto settings = read_start(params);
    if (!settings) return tl::make_unexpected(settings.error());
    auto queue = Queue::open(std::move(program.queue));
    if (!queue) return tl::make_unexpected(queue.error());
    auto log = audit::AuditLog::open(program.audit_file.get(), "supervise");
    if (!log) return tl::make_unexpected(log.error());
    program.service = std::make_unique<Service>(program.io, *std::move(settings), *std::move(queue),
                                                *std::move(log), program.hold_decided);
    program.server =
        std::make_unique<Listener>(program.io, program.listener.release(), *program.service);
    program.server->start();
    return {};
}

void replace_policy(Program& program, Json& params, const control::Reply& reply) {
    if (!program.service) return reply.error(kNotStarted);
    auto policy = object_member(params, "policy");
    if (!policy) return reply.error(policy.error());
    auto base = object_member(params, "base");
    if (!base) return reply.error(base.error());
    program.service->replace_policy(*std::move(policy), *std::move(base));
    reply.result(Json::object());
}

// From the egress, by way of the warden: words of ours, but for method, host and path.
void open_hold(const Program& program, Json& params, const control::Reply& reply) {
    const auto known = control::only_members(
        params, {"hold", "rule", "reason", "method", "scheme", "authority", "path", "seconds"});
    if (!known) return reply.error(known.error());
    const auto seconds = control::number_member(params, "seconds");
    if (!seconds || *seconds == 0 || *seconds > kLongestHold)
        return reply.error({"bad_request", "seconds is out of range", {}});
    params.erase("seconds");
    for (const auto& [name, value] : params.items())
        if (!value.is_string()) return reply.error({"bad_request", name + " must be a string", {}});
    const auto id = program.service->open_hold(params, std::chrono::seconds(*seconds));
    if (!id) return reply.error(id.error());
    reply.result({{"proposal", *id}});
}

// From the git-gate, by way of the warden: words of ours, but for the names of refs and files.
void open_push(const Program& program, const Json& params, const control::Reply& reply) {
    const auto known =
        control::only_members(params, {"hold", "repo", "url", "updates", "commits", "places"});
    if (!known) return reply.error(known.error());
    const auto hold = control::string_member(params, "hold");
    const auto places = params.find("places");
    if (!hold || hold->empty() || places == params.end() || !places->is_array())
        return reply.error({"bad_request", "a question has a name and places", {}});
    const auto opened = program.service->open_push(params);
    if (!opened) return reply.error(opened.error());
    reply.result({{"proposal", opened->id},
                  {"status", opened->decision ? opened->decision->status : "pending"},
                  {"notes", opened->decision ? opened->decision->notes : ""}});
}

}  // namespace

control::Methods make_methods(Program& program) {
    control::Methods methods;
    methods
        .on("start",
            [&program](Json& params, const control::Reply& reply) {
                const auto started = start(program, params);
                if (!started) return reply.error(started.error());
                reply.result(Json::object());
            })
        .on("policy.replace",
            [&program](Json& params, const control::Reply& reply) {
                replace_policy(program, params, reply);
            })
        .on("image.replace",
            [&program](Json& params, const control::Reply& reply) {
                auto text = control::string_member(params, "dockerfile");
                if (!text) return reply.error(text.error());
                if (!program.service) return reply.error(kNotStarted);
                program.service->replace_dockerfile(*std::move(text));
                reply.result(Json::object());
            })
        .on("hold.open",
            [&program](Json& params, const control::Reply& reply) {
                if (!program.service) return reply.error(kNotStarted);
                open_hold(program, params, reply);
            })
        .on("hold.close",
            [&program](Json& params, const control::Reply& reply) {
                const auto hold = control::string_member(params, "hold");
                if (!hold) return reply.error(hold.error());
                if (program.service) program.service->close_hold(*hold);
                reply.result(Json::object());
            })
        .on("push.open",
            [&program](Json& params, const control::Reply& reply) {
                if (!program.service) return reply.error(kNotStarted);
                open_push(program, params, reply);
            })
        .on("push.spent",
            [&program](Json& params, const control::Reply& reply) {
                const auto hold = control::string_member(params, "hold");
                if (!hold) return reply.error(hold.error());
                if (program.service) program.service->spend_push(*hold);
                reply.result(Json::object());
            })
        .on("hold.close_all", [&program](Json&, const control::Reply& reply) {
            if (program.service) program.service->close_all_holds();
            reply.result(Json::object());
        });
    return methods;
}

}  // namespace botbottle::supervise
