// One bottle's owner.
#include "warden/warden.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/signal_set.hpp>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <ctime>
#include <functional>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "audit/log.h"
#include "base/secret.h"
#include "control/fields.h"
#include "control/methods.h"
#include "tls/authority.h"
#include "warden/bottle_process.h"
#include "warden/control_server.h"
#include "warden/credential_watch.h"
#include "warden/grants.h"
#include "warden/launch_request.h"
#include "warden/runtime_directory.h"
#include "warden/sidecar.h"
#include "warden/sidecar_group.h"

namespace botbottle::warden {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using control::Descriptor;
using control::Json;
using control::Reply;

constexpr const char* kEgress = "egress";
constexpr const char* kGitGate = "git-gate";
const Error kBusy{"busy", "another change of the policy is under way", "try again"};
constexpr const char* kControlSocket = "control.sock";
constexpr std::chrono::milliseconds kDefaultGrace = 2s;
constexpr std::uint64_t kMaxGraceMs = 60'000;

// One kind of sidecar: its name towards people and in the record's planes, its program below
// libexec, and its socket in the directory that the bottle sees.
struct SidecarKind {
    const char* name;
    const char* program;
    const char* socket;
};

constexpr const char* kSupervise = "supervise";
constexpr SidecarKind kEgressKind = {kEgress, "botbottle-egress", "egress.sock"};
constexpr SidecarKind kSuperviseKind = {kSupervise, "botbottle-supervise", "mcp.sock"};
constexpr SidecarKind kGitGateKind = {kGitGate, "botbottle-git-gate", "git.sock"};

std::string utc_now() {
    const std::time_t now = std::time(nullptr);
    std::tm utc = {};
    gmtime_r(&now, &utc);
    char text[32];
    return {text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc)};
}

Result<Descriptor> open_audit_file(const std::string& path) {
    const auto cannot = [&](const char* why) {
        return failure("audit_file", "cannot write the record " + path + ": " + why,
                       "a bottle without a record is not started");
    };
    // O_NONBLOCK: a fifo in its place must not hold us up; it has no effect on a file.
    Descriptor file(::open(
        path.c_str(), O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600));
    if (!file) return cannot(std::strerror(errno));
    struct stat status = {};
    if (fstat(file.get(), &status) != 0) return cannot(std::strerror(errno));
    if (!S_ISREG(status.st_mode)) return cannot("it is not a file");
    if (status.st_uid != geteuid()) return cannot("it belongs to another user");
    return file;
}

// The directory that the supervise sidecar writes to: ours alone.
Result<Descriptor> open_queue(const std::string& path) {
    Descriptor directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    struct stat status = {};
    if (!directory || fstat(directory.get(), &status) != 0 || status.st_uid != geteuid() ||
        (status.st_mode & 077) != 0)
        return failure("queue_dir", "the queue " + path + " is not a directory of ours alone");
    return directory;
}

// What `start` made, in the order in which it was made: it goes in reverse.
struct Bottle {
    Bottle(LaunchRequest what, RuntimeDirectory where, Descriptor file,
           std::unique_ptr<audit::AuditLog> log)
        : request(std::move(what)),
          directory(std::move(where)),
          audit_file(std::move(file)),
          audit_log(std::move(log)) {}

    LaunchRequest request;  // its policy and secrets are those that the egress accepted last
    RuntimeDirectory directory;
    Descriptor audit_file;
    std::unique_ptr<audit::AuditLog> audit_log;
    std::optional<tls::AuthorityMaterial> authority;  // made while the first egress starts
    std::unique_ptr<SidecarGroup> sidecars;
    Sidecar* egress = nullptr;             // every bottle has one
    Sidecar* supervise = nullptr;          // when the agent may ask
    Sidecar* git_gate = nullptr;           // when the bottle has repos
    std::map<std::string, Json> replaced;  // by a grant's owner: the route that it stands for
    std::unique_ptr<CredentialWatch> credentials;
    Json sockets = Json::object();  // {sidecar: path}
    const std::string started = utc_now();
};

Result<std::unique_ptr<Bottle>> prepare_bottle(Json& params) {
    auto request = parse_launch_request(params);
    if (!request) return tl::make_unexpected(request.error());
    auto directory = RuntimeDirectory::open(request->runtime_dir, request->owner);
    if (!directory) return tl::make_unexpected(directory.error());
    auto file = open_audit_file(request->audit_file);
    if (!file) return tl::make_unexpected(file.error());
    auto log = audit::AuditLog::open(file->get(), "warden");
    if (!log) return tl::make_unexpected(log.error());
    return std::make_unique<Bottle>(*std::move(request), *std::move(directory), *std::move(file),
                                    *std::move(log));
}

// Everything but the credential that `egress.allow` may say.
struct GrantRequest {
    std::string id;
    GrantMode mode;
};

// As the supervise sidecar makes them: "p-" and eight of a-z, 0-9.
bool is_proposal_id(std::string_view text) {
    return text.size() == 10 && text.starts_with("p-") &&
           std::all_of(text.begin() + 2, text.end(),
                       [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); });
}

}  // namespace

struct Warden::State {
    State(asio::io_context& io_context, Descriptor starter);

    void add_methods();
    void wait_for_signal();
    void start(Json& params, const Reply& reply);
    Result<void> add_sidecars();
    Result<void> add_sidecar(const SidecarKind& kind, std::function<Result<Json>()> start_params,
                             std::function<void()> restarted, std::vector<Descriptor> more = {});
    Result<void> add_supervise(const Supervision& supervision);
    void hear_egress(std::string_view event, const Json& params);
    void hear_supervise(std::string_view event, const Json& params);
    void ask_about_hold(const Json& params);
    void answer_hold(const std::string& hold, bool allow);
    void hear_git_gate(std::string_view event, const Json& params);
    void tell_of_push(const Json& told);
    Json policy_base() const;
    void tell_supervise();
    Result<Json> egress_start_params();
    Result<Json> git_gate_start_params() const;
    void keep_secret(const std::string& slot, Secret value);
    Json what_is_looked_for() const;
    void tell_git_gate();
    void started(const Reply& reply, const Result<void>& outcome);
    void watch(const Json& params, const Reply& reply);
    void release(const Reply& reply);
    void replace_image(const Json& params, const Reply& reply);
    void status(const Json& params, const Reply& reply);
    void replace_policy(const Json& params, const Reply& reply);
    void allow(Json& params, const Reply& reply);
    void revoke(const Json& params, const Reply& reply);
    Result<GrantRequest> read_grant(const Json& params) const;
    Json granted_by(const Json& params) const;
    void change_policy(ChangedPolicy changed, const std::string& event, const Reply& reply,
                       const std::function<void()>& done);
    void set_secret(Json& params, const Reply& reply);
    void watch_credentials();
    void ask_egress(std::string_view method, const Json& params, const Reply& reply,
                    std::function<void()> accepted);
    void stop(const Json& params, const Reply& reply);
    void end(const std::string& reason, std::chrono::milliseconds grace);
    void seal();
    bool record(std::string_view event, std::string_view subject, const std::string& reason);

    enum class Phase { waiting, starting, running, ending };

    asio::io_context& io;
    asio::signal_set signals;
    control::Methods methods;
    ControlServer control;
    Phase phase = Phase::waiting;
    bool failed = false;
    bool changing = false;     // a policy is on its way to the egress
    std::uint64_t grants = 0;  // how many were asked for: each has a number of its own
    std::unique_ptr<Bottle> bottle;
    pid_t watched_pid = -1;
    bool watched_once = false;               // the command that started it may go
    asio::posix::stream_descriptor watched;  // its pidfd
    std::vector<Reply> to_answer_at_the_end;
};

Warden::State::State(asio::io_context& io_context, Descriptor starter)
    : io(io_context),
      signals(io, SIGTERM, SIGINT, SIGHUP),
      control(io,
              [this](std::string_view method, Json& params, const Reply& reply) {
                  if (phase == Phase::ending) return reply.error({"ending", "the bottle ends", {}});
                  if ((phase == Phase::running) == (method == "start"))
                      return reply.error({"not_now",
                                          phase == Phase::running ? "the bottle was started already"
                                                                  : "the first message is `start`",
                                          {}});
                  methods(method, params, reply);
              }),
      watched(io) {
    add_methods();
    wait_for_signal();
    control.serve(std::move(starter), [this] {
        if (!watched_once) end("the command that started it went away", kDefaultGrace);
    });
}

void Warden::State::add_methods() {
    methods.on("start", [this](Json& params, const Reply& reply) { start(params, reply); })
        .on("bottle.watch", [this](Json& params, const Reply& reply) { watch(params, reply); })
        .on("bottle.release", [this](Json&, const Reply& reply) { release(reply); })
        .on("image.replace",
            [this](Json& params, const Reply& reply) { replace_image(params, reply); })
        .on("status", [this](Json& params, const Reply& reply) { status(params, reply); })
        .on("policy.replace",
            [this](Json& params, const Reply& reply) { replace_policy(params, reply); })
        .on("egress.allow", [this](Json& params, const Reply& reply) { allow(params, reply); })
        .on("egress.revoke", [this](Json& params, const Reply& reply) { revoke(params, reply); })
        .on("secret.set", [this](Json& params, const Reply& reply) { set_secret(params, reply); })
        .on("stop", [this](Json& params, const Reply& reply) { stop(params, reply); });
    for (const char* method : {"stats", "metrics", "policy.show", "test", "drain"})
        methods.on(method, [this, method](Json& params, const Reply& reply) {
            ask_egress(method, params, reply, nullptr);
        });
}

void Warden::State::wait_for_signal() {
    signals.async_wait([this](const boost::system::error_code& error, int number) {
        if (!error) end("signal " + std::to_string(number), kDefaultGrace);
    });
}

void Warden::State::start(Json& params, const Reply& reply) {
    if (phase == Phase::starting)
        return reply.error({"not_now", "the bottle is being started", {}});
    phase = Phase::starting;
    auto prepared = prepare_bottle(params);
    if (!prepared) return started(reply, tl::make_unexpected(prepared.error()));
    bottle = *std::move(prepared);
    if (!record("start", bottle->request.identity,
                "policy revision " + std::to_string(policy_revision(bottle->request.policy))))
        return started(
            reply, failure("audit_file", "cannot write the record " + bottle->request.audit_file,
                           "a bottle without a record is not started"));
    if (auto added = add_sidecars(); !added) return started(reply, added);
    bottle->sidecars->start(
        [this, reply](const Result<void>& outcome) { started(reply, outcome); });
}

Result<void> Warden::State::add_sidecars() {
    auto host = bottle->directory.listen_for_host(kControlSocket);
    if (!host) return tl::make_unexpected(host.error());
    control.listen(*std::move(host));
    bottle->sidecars = std::make_unique<SidecarGroup>(io);
    auto added = add_sidecar(
        kEgressKind, [this] { return egress_start_params(); },
        [this] {
            if (bottle->credentials) bottle->credentials->tell_again();
            // Its requests went with it.
            if (bottle->supervise != nullptr)
                bottle->supervise->call("hold.close_all", Json::object(), [](const auto&) {});
        });
    bottle->egress = bottle->sidecars->find(kEgress);
    if (added && bottle->request.supervision) added = add_supervise(*bottle->request.supervision);
    if (!added || bottle->request.git_gate.is_null()) return added;
    added = add_sidecar(
        kGitGateKind, [this] { return git_gate_start_params(); }, [this] { tell_git_gate(); });
    bottle->git_gate = bottle->sidecars->find(kGitGate);
    return added;
}

// `restarted` may be empty.
Result<void> Warden::State::add_sidecar(const SidecarKind& kind,
                                        std::function<Result<Json>()> start_params,
                                        std::function<void()> restarted,
                                        std::vector<Descriptor> more) {
    auto listener = bottle->directory.listen_for_bottle(kind.socket);
    if (!listener) return tl::make_unexpected(listener.error());
    SidecarPlan plan;
    plan.name = kind.name;
    plan.program = bottle->request.libexec_dir + '/' + kind.program;
    plan.descriptors.push_back(*std::move(listener));
    plan.descriptors.emplace_back(fcntl(bottle->audit_file.get(), F_DUPFD_CLOEXEC, 0));
    std::move(more.begin(), more.end(), std::back_inserter(plan.descriptors));
    plan.start_params = std::move(start_params);
    SidecarEvents events;
    events.died = [this, name = kind.name](pid_t pid, const std::string& how) {
        record("sidecar_died", name, how);
        control.notify("sidecar.died", {{"name", name}, {"pid", pid}, {"status", how}});
    };
    events.restarted = [this, name = kind.name, restarted = std::move(restarted)](pid_t pid) {
        record("sidecar_restarted", name, "");
        control.notify("sidecar.restarted", {{"name", name}, {"pid", pid}});
        if (restarted) restarted();
    };
    events.gave_up = [this, name = kind.name] {
        record("sidecar_down", name, "it died too often");
        control.notify("sidecar.down", {{"name", name}});
    };
    if (std::string_view(kind.name) == kEgress)
        events.told = [this](std::string_view event, const Json& params) {
            hear_egress(event, params);
        };
    if (std::string_view(kind.name) == kGitGate)
        events.told = [this](std::string_view event, const Json& params) {
            hear_git_gate(event, params);
        };
    if (std::string_view(kind.name) == kSupervise)
        events.told = [this](std::string_view event, const Json& params) {
            hear_supervise(event, params);
        };
    bottle->sidecars->add(std::move(plan), std::move(events));
    bottle->sockets[kind.name] = bottle->directory.bottle_path(kind.socket);
    return {};
}

Result<void> Warden::State::add_supervise(const Supervision& supervision) {
    auto queue = open_queue(supervision.queue_dir);
    if (!queue) return tl::make_unexpected(queue.error());
    std::vector<Descriptor> more;
    more.push_back(*std::move(queue));
    auto added = add_sidecar(
        kSuperviseKind,
        [this] {
            const Supervision& asked = *bottle->request.supervision;
            return Result<Json>(Json{{"schema", "botbottle.supervise/1"},
                                     {"identity", bottle->request.identity},
                                     {"policy", bottle->request.policy},
                                     {"base", policy_base()},
                                     {"response_timeout_s", asked.response_timeout_s},
                                     {"expiry_s", asked.expiry_s},
                                     {"dockerfile", asked.dockerfile}});
        },
        [this] { tell_supervise(); }, std::move(more));
    bottle->supervise = bottle->sidecars->find(kSupervise);
    return added;
}

// A request that the scanner stopped: the supervise sidecar keeps the question, and tells the
// answer.
void Warden::State::hear_egress(std::string_view event, const Json& params) {
    if (event == "hold.asked") return ask_about_hold(params);
    if (event == "hold.ended" && bottle->supervise != nullptr)
        bottle->supervise->call("hold.close", params, [](const Result<Json>&) {});
}

void Warden::State::ask_about_hold(const Json& params) {
    const auto hold = control::string_member(params, "hold");
    if (!hold) return;
    if (bottle->supervise == nullptr) return answer_hold(*hold, false);
    bottle->supervise->call("hold.open", params, [this, hold = *hold](const Result<Json>& answer) {
        if (!answer) answer_hold(hold, false);
    });
}

void Warden::State::hear_supervise(std::string_view event, const Json& params) {
    const auto hold = control::string_member(params, "hold");
    const auto status = control::string_member(params, "status");
    if (event != "hold.decided" || !hold || !status) return;
    if (params.value("tool", "") != "push-hold") return answer_hold(*hold, *status == "approved");
    Json told = params;
    told.erase("tool");
    tell_of_push(told);
}

// A push that needs an approval: the supervise sidecar keeps the question, also when the push does
// not wait any more, and knows what was decided meanwhile.
void Warden::State::hear_git_gate(std::string_view event, const Json& params) {
    const auto hold = control::string_member(params, "hold");
    if (!hold || phase == Phase::ending) return;
    const auto refuse = [this, hold = *hold](const std::string& why) {
        tell_of_push({{"hold", hold}, {"status", "failed"}, {"proposal", ""}, {"notes", why}});
    };
    if (bottle->supervise == nullptr) return refuse("nobody can be asked in this bottle");
    if (event == "hold.spent")
        return bottle->supervise->call("push.spent", params, [](const Result<Json>&) {});
    if (event != "hold.asked") return;
    bottle->supervise->call("push.open", params,
                            [this, hold = *hold, refuse](const Result<Json>& answer) {
                                if (!answer) return refuse(answer.error().message);
                                Json told = *answer;
                                told["hold"] = hold;
                                tell_of_push(told);
                            });
}

// A gate that was started again has no such push, and says so.
void Warden::State::tell_of_push(const Json& told) {
    if (phase == Phase::ending || bottle->git_gate == nullptr) return;
    bottle->git_gate->call("hold.told", told, [](const Result<Json>&) {});
}

// An egress that was started again knows nothing of it, and says so.
void Warden::State::answer_hold(const std::string& hold, bool allow) {
    if (phase == Phase::ending) return;
    bottle->egress->call("hold.answer", {{"hold", hold}, {"allow", allow}},
                         [](const Result<Json>&) {});
}

// What a proposal is made against, and what an approval must find unchanged.
Json Warden::State::policy_base() const {
    return {{"revision", policy_revision(bottle->request.policy)},
            {"digest", policy_digest(bottle->request.policy)}};
}

// What the agent may do now, so that it can be told. It is only a copy: nothing hangs on it.
void Warden::State::tell_supervise() {
    if (bottle->supervise == nullptr) return;
    bottle->supervise->call("policy.replace",
                            {{"policy", bottle->request.policy}, {"base", policy_base()}},
                            [](const Result<Json>&) {});
}

Result<Json> Warden::State::egress_start_params() {
    const LaunchRequest& request = bottle->request;
    if (!bottle->authority) {
        auto authority = tls::create_authority("botbottle " + request.identity);
        if (!authority) return tl::make_unexpected(authority.error());
        bottle->authority = *std::move(authority);
    }
    return Json{{"schema", "botbottle.egress/1"},
                {"identity", request.identity},
                {"policy", request.policy},
                {"secrets", control::secrets_to_json(request.secrets)},
                {"ca",
                 {{"certificate", bottle->authority->certificate},
                  {"private_key", std::string(bottle->authority->private_key.reveal())}}}};
}

Result<Json> Warden::State::git_gate_start_params() const {
    const LaunchRequest& request = bottle->request;
    Json params = request.git_gate;
    params["schema"] = "botbottle.git-gate/1";
    params["identity"] = request.identity;
    params["keys"] = control::secrets_to_json(request.git_keys);
    if (request.supervision) params["ask_seconds"] = request.supervision->response_timeout_s;
    params.update(what_is_looked_for());
    return params;
}

Json Warden::State::what_is_looked_for() const {
    const auto rules = bottle->request.policy.find("scan_rules");
    const bool some = rules != bottle->request.policy.end() && rules->is_string();
    return {{"secrets", control::secrets_to_json(bottle->request.secrets)},
            {"scan_rules", some ? *rules : Json("")}};
}

// A credential that the egress has accepted.
void Warden::State::keep_secret(const std::string& slot, Secret value) {
    bottle->request.secrets.insert_or_assign(slot, std::move(value));
    tell_git_gate();
}

// All of it each time, so that one that got lost while the gate was starting
// again matters no longer than that.
void Warden::State::tell_git_gate() {
    if (bottle->git_gate == nullptr) return;
    bottle->git_gate->call("scan.replace", what_is_looked_for(), [](const Result<Json>&) {});
}

void Warden::State::started(const Reply& reply, const Result<void>& outcome) {
    if (!outcome) {
        failed = true;
        reply.error(outcome.error());
        return end("it could not be started: " + outcome.error().message, 0ms);
    }
    phase = Phase::running;
    watch_credentials();
    reply.result({{"ca_certificate", bottle->authority->certificate},
                  {"sockets", bottle->sockets},
                  {"control", bottle->directory.host_path(kControlSocket)},
                  {"pid", getpid()}});
}

void Warden::State::watch(const Json& params, const Reply& reply) {
    const auto pid = control::number_member(params, "pid");
    if (!pid) return reply.error(pid.error());
    const auto start_time = control::number_member(params, "start_time");
    if (!start_time) return reply.error(start_time.error());
    if (watched_pid >= 0)
        return reply.error({"not_now", "the bottle's process is watched already", {}});
    auto process = open_process(static_cast<pid_t>(*pid), *start_time);
    if (!process) return reply.error(process.error());
    watched_pid = static_cast<pid_t>(*pid);
    watched_once = true;
    watched.assign(process->release());
    watched.async_wait(asio::posix::stream_descriptor::wait_read,
                       [this](const boost::system::error_code& error) {
                           if (error) return;
                           control.notify("bottle.ended", Json::object());
                           end("the bottle ended", kDefaultGrace);
                       });
    record("bottle_watched", "pid " + std::to_string(*pid), "");
    reply.result(Json::object());
}

// The bottle is about to be started again. Until the next one is watched, the warden's life hangs
// on the connection that asked, as it did before the first.
void Warden::State::release(const Reply& reply) {
    if (watched_pid < 0) return reply.error({"not_now", "no bottle is watched", {}});
    record("bottle_released", "pid " + std::to_string(watched_pid), "it is started again");
    watched.close();
    watched_pid = -1;
    control.when_this_peer_ends([this] {
        if (watched_pid < 0) end("the command that started it again went away", kDefaultGrace);
    });
    reply.result({{"ca_certificate", bottle->authority->certificate}});
}

// What the agent is told that its image is made of.
void Warden::State::replace_image(const Json& params, const Reply& reply) {
    const auto text = control::string_member(params, "dockerfile");
    if (!text) return reply.error(text.error());
    if (!bottle->request.supervision || bottle->supervise == nullptr)
        return reply.error({"not_now", "this bottle has no supervise sidecar", {}});
    bottle->request.supervision->dockerfile = *text;
    record("image_replaced", bottle->request.identity, "");
    bottle->supervise->call("image.replace", {{"dockerfile", *text}}, [](const Result<Json>&) {});
    reply.result(Json::object());
}

void Warden::State::status(const Json&, const Reply& reply) {
    const Json process =
        watched_pid < 0 ? Json(nullptr) : Json{{"pid", watched_pid}, {"alive", true}};
    reply.result({{"identity", bottle->request.identity},
                  {"pid", getpid()},
                  {"started", bottle->started},
                  {"policy_revision", policy_revision(bottle->request.policy)},
                  {"policy_digest", policy_digest(bottle->request.policy)},
                  {"bottle", process},
                  {"sidecars", bottle->sidecars->status()}});
}

void Warden::State::replace_policy(const Json& params, const Reply& reply) {
    const auto policy = params.find("policy");
    if (policy == params.end()) return reply.error({"bad_request", "policy must be an object", {}});
    if (changing) return reply.error(kBusy);
    ask_egress("policy.replace", params, reply, [this, accepted = *policy] {
        bottle->request.policy = accepted;
        bottle->replaced.clear();
        record("policy_replaced", kEgress, "revision " + std::to_string(policy_revision(accepted)));
        tell_supervise();
        tell_git_gate();
    });
}

Result<GrantRequest> Warden::State::read_grant(const Json& params) const {
    const auto known = control::only_members(
        params, {"route", "secrets", "proposal", "base", "replace", "keep_auth"});
    if (!known) return tl::make_unexpected(known.error());
    GrantRequest request;
    request.id = "g" + std::to_string(grants + 1);
    if (params.contains("proposal")) {
        auto proposal = control::string_member(params, "proposal");
        if (!proposal || !is_proposal_id(*proposal))
            return failure("bad_request", "proposal must be the id of one");
        request.id = *std::move(proposal);
    }
    // What the operator saw was computed against this policy, and holds for no other.
    if (params.contains("base")) {
        const auto base = control::string_member(params, "base");
        if (!base || *base != policy_digest(bottle->request.policy))
            return failure("policy_moved", "the policy has changed since it was shown",
                           "look at the change again");
    }
    for (const auto& [name, flag] : {std::pair{"replace", &request.mode.replace},
                                     std::pair{"keep_auth", &request.mode.keep_auth}}) {
        const auto found = params.find(name);
        if (found == params.end()) continue;
        if (!found->is_boolean())
            return failure("bad_request", std::string(name) + " must be true or false");
        *flag = found->get<bool>();
    }
    return request;
}

// The credential first: a route is never there without its own.
void Warden::State::allow(Json& params, const Reply& reply) {
    if (changing) return reply.error(kBusy);
    // An approval that was cut off is asked for again: it is there already.
    if (const Json standing = granted_by(params); !standing.is_null())
        return reply.result(
            {{"revision", policy_revision(bottle->request.policy)}, {"route", standing}});
    const auto grant = read_grant(params);
    if (!grant) return reply.error(grant.error());
    const std::string& id = grant->id;
    auto changed = with_grant(bottle->request.policy, params["route"], id, grant->mode);
    if (!changed) return reply.error(changed.error());
    auto secrets = control::take_secrets(params, "secrets");
    if (!secrets) return reply.error(secrets.error());
    const Json auth = changed->route.value("auth", Json());
    const bool has_auth = !auth.is_null() && !grant->mode.keep_auth;
    const auto value = secrets->find("value");
    if (secrets->size() != (has_auth ? 1U : 0U) || has_auth != (value != secrets->end()))
        return reply.error({"bad_request",
                            has_auth ? "the route's credential is missing: secrets.value"
                                     : "secrets are given for a route without auth",
                            {}});
    ++grants;
    const std::string owner = changed->route["owner"];
    const Json before = route_of(bottle->request.policy, changed->route["host"]);
    const auto granted = [this, owner, before] {
        if (!before.is_null()) bottle->replaced.insert_or_assign(owner, before);
    };
    if (!has_auth) return change_policy(*std::move(changed), "route_granted", reply, granted);
    changing = true;
    const std::string slot = "grant." + id;
    const auto secret = std::make_shared<Secret>(std::move(value->second));
    bottle->egress->call(
        "secret.set", {{"slot", slot}, {"value", std::string(secret->reveal())}},
        [this, slot, secret, reply, granted,
         changed = std::make_shared<ChangedPolicy>(*std::move(changed))](const Result<Json>& set) {
            changing = false;
            if (!set) return reply.error(set.error());
            keep_secret(slot, std::move(*secret));
            change_policy(std::move(*changed), "route_granted", reply, granted);
        });
}

// The route that this proposal's approval has put there, or null.
Json Warden::State::granted_by(const Json& params) const {
    const auto id = control::string_member(params, "proposal");
    const auto route = params.find("route");
    if (!id || route == params.end() || !route->is_object()) return {};
    const auto host = control::string_member(*route, "host");
    if (!host) return {};
    Json standing = route_of(bottle->request.policy, *host);
    if (standing.is_null() || standing.value("owner", "") != "grant:" + *id) return {};
    return standing;
}

// A grant that had taken the place of another route gives it back.
void Warden::State::revoke(const Json& params, const Reply& reply) {
    const auto host = control::string_member(params, "host");
    if (!host) return reply.error(host.error());
    if (changing) return reply.error(kBusy);
    const Json standing = route_of(bottle->request.policy, *host);
    const std::string owner =
        standing.is_object() ? standing.value("owner", std::string()) : std::string();
    const auto before = bottle->replaced.find(owner);
    auto changed = before == bottle->replaced.end()
                       ? without_route(bottle->request.policy, *host)
                       : with_route_back(bottle->request.policy, before->second);
    if (!changed) return reply.error(changed.error());
    change_policy(*std::move(changed), "route_revoked", reply,
                  [this, owner] { bottle->replaced.erase(owner); });
}

// One at a time, since each is made from the one before. `done` runs when the egress took it.
void Warden::State::change_policy(ChangedPolicy changed, const std::string& event,
                                  const Reply& reply, const std::function<void()>& done) {
    changing = true;
    const Json params = {{"policy", changed.policy}};
    bottle->egress->call(
        "policy.replace", params,
        [this, event, reply, done,
         made = std::make_shared<ChangedPolicy>(std::move(changed))](const Result<Json>& answer) {
            changing = false;
            if (!answer) return reply.error(answer.error());
            bottle->request.policy = std::move(made->policy);
            done();
            tell_supervise();
            const std::uint64_t revision = policy_revision(bottle->request.policy);
            record(event, made->route["host"].get<std::string>(),
                   made->route.value("owner", std::string("bottle")) + ", revision " +
                       std::to_string(revision));
            reply.result({{"revision", revision}, {"route", made->route}});
        });
}

void Warden::State::set_secret(Json& params, const Reply& reply) {
    if (auto known = control::only_members(params, {"slot", "value"}); !known)
        return reply.error(known.error());
    auto slot = control::string_member(params, "slot");
    if (!slot) return reply.error(slot.error());
    auto value = control::take_secret(params, "value");
    if (!value) return reply.error(value.error());
    // Shared because a std::function can be copied, and a Secret cannot.
    const auto secret = std::make_shared<Secret>(*std::move(value));
    ask_egress("secret.set", {{"slot", *slot}, {"value", std::string(secret->reveal())}}, reply,
               [this, slot = *slot, secret] {
                   keep_secret(slot, std::move(*secret));
                   record("secret_set", slot, "");
               });
}

// A login that is renewed on the host is used from then on; one that expires is withdrawn, so that
// the denial says what to do.
void Warden::State::watch_credentials() {
    if (bottle->request.credential_files.empty()) return;
    CredentialEvents events;
    events.renewed = [this](const std::string& slot, Secret value, std::function<void(bool)> done) {
        const auto secret = std::make_shared<Secret>(std::move(value));
        bottle->egress->call(
            "secret.set", {{"slot", slot}, {"value", std::string(secret->reveal())}},
            [this, slot, secret, done = std::move(done)](const Result<Json>& answer) {
                if (answer) {
                    keep_secret(slot, std::move(*secret));
                    record("secret_renewed", slot, "the host's file has another one");
                }
                done(answer.has_value());
            });
    };
    events.expired = [this](const std::string& slot, const std::string& reason,
                            const std::string& hint, std::function<void(bool)> done) {
        bottle->egress->call("secret.withdraw",
                             {{"slot", slot}, {"reason", reason}, {"hint", hint}},
                             [this, slot, done = std::move(done)](const Result<Json>& answer) {
                                 if (answer) {
                                     bottle->request.secrets.insert_or_assign(slot, Secret());
                                     record("secret_expired", slot, "");
                                 }
                                 done(answer.has_value());
                             });
    };
    bottle->credentials = std::make_unique<CredentialWatch>(
        io, bottle->request.credential_files, bottle->request.secrets, std::move(events));
}

// `accepted` runs when the egress did what it was asked: only then do we ask the same of the next
// one.
void Warden::State::ask_egress(std::string_view method, const Json& params, const Reply& reply,
                               std::function<void()> accepted) {
    bottle->egress->call(method, params,
                         [reply, accepted = std::move(accepted)](const Result<Json>& answer) {
                             if (!answer) return reply.error(answer.error());
                             if (accepted) accepted();
                             reply.result(*answer);
                         });
}

void Warden::State::stop(const Json& params, const Reply& reply) {
    std::chrono::milliseconds grace = kDefaultGrace;
    if (params.contains("grace_ms")) {
        const auto asked = control::number_member(params, "grace_ms");
        if (!asked) return reply.error(asked.error());
        grace = std::chrono::milliseconds(std::min(*asked, kMaxGraceMs));
    }
    to_answer_at_the_end.push_back(reply);
    end("it was asked to stop", grace);
}

void Warden::State::end(const std::string& reason, std::chrono::milliseconds grace) {
    if (std::exchange(phase, Phase::ending) == Phase::ending) return;
    const auto finish = [this] {
        if (bottle) seal();
        bottle.reset();
        for (const Reply& reply : std::exchange(to_answer_at_the_end, {}))
            reply.result(Json::object());
        io.stop();
    };
    if (bottle) record("stop", bottle->request.identity, reason);
    if (bottle) bottle->credentials.reset();
    if (bottle && bottle->sidecars)
        bottle->sidecars->stop(grace, finish);
    else
        finish();
}

// How each other plane ends, so that lines that are cut off later show. There is always one seal.
void Warden::State::seal() {
    for (const char* plane : {kEgress, kGitGate, "supervise"}) {
        const auto tail = audit::read_tail(bottle->audit_file.get(), plane);
        const bool wrote = tail && tail->chain.next_sequence() > 1;
        if (!tail || (!wrote && plane != std::string_view(kEgress))) continue;
        record("sealed", plane,
               std::to_string(tail->chain.next_sequence() - 1) + ' ' +
                   std::string(tail->chain.previous()));
    }
}

// A record that cannot be written any more (a full disk) stops nothing here: the egress refuses all
// requests then, and stopping the bottle must still be possible.
bool Warden::State::record(std::string_view event, std::string_view subject,
                           const std::string& reason) {
    bottle->audit_log->append(audit::LifeEvent{event, subject, reason});
    return bottle->audit_log->flush();
}

Warden::Warden(asio::io_context& io, Descriptor starter)
    : state_(std::make_unique<State>(io, std::move(starter))) {}

Warden::~Warden() = default;

void Warden::close() {
    state_->signals.cancel();
    state_->watched.close();
    state_->control.close();
}

bool Warden::failed() const {
    return state_->failed;
}

}  // namespace botbottle::warden
