// Keeps one child process alive.
#include "warden/sidecar.h"

#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "control/connection.h"
#include "warden/restart_budget.h"
#include "warden/spawn.h"

namespace botbottle::warden {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using control::Connection;
using control::Descriptor;
using control::Json;

constexpr std::size_t kRestarts = 5;
constexpr auto kRestartWindow = 10s;
constexpr auto kStartTimeout = 10s;

enum class Phase { idle, starting, running, restarting, down, stopping };

const char* name_of(Phase phase) {
    switch (phase) {
        case Phase::idle:
            return "idle";
        case Phase::starting:
            return "starting";
        case Phase::running:
            return "running";
        case Phase::restarting:
            return "restarting";
        case Phase::down:
            return "down";
        case Phase::stopping:
            return "stopping";
    }
    return "unknown";
}

std::string describe_wait_status(int status) {
    if (WIFSIGNALED(status)) return "signal " + std::to_string(WTERMSIG(status));
    return "exit " + std::to_string(WEXITSTATUS(status));
}

}  // namespace

struct Sidecar::State {
    State(asio::io_context& io_context, SidecarPlan what, SidecarEvents listeners)
        : io(io_context),
          plan(std::move(what)),
          events(std::move(listeners)),
          timer(io),
          exit(io) {}

    Result<void> launch();
    void hand_over();
    void refuse(const Error& why);
    void watch_exit();
    void on_exit();
    void on_first_failure(const std::string& status);
    void try_again();
    void give_up();
    void send_signal(int signal);

    asio::io_context& io;
    SidecarPlan plan;
    SidecarEvents events;
    Phase phase = Phase::idle;
    pid_t pid = -1;
    unsigned restarts = 0;
    RestartBudget budget{kRestarts, kRestartWindow};
    std::shared_ptr<Connection> connection;
    asio::steady_timer timer;             // the patience for `start`, or the grace of stop
    asio::posix::stream_descriptor exit;  // the child's pidfd
    std::optional<Error> refusal;         // why `start` failed, when it was not by dying
    std::function<void(Result<void>)> started;
    std::function<void()> stopped;
};

Result<void> Sidecar::State::launch() {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return failure("sidecar_spawn",
                       std::string("cannot make a socket pair: ") + std::strerror(errno));
    Descriptor ours(ends[0]);
    const Descriptor theirs(ends[1]);
    std::vector<int> descriptors = {theirs.get()};
    for (const Descriptor& descriptor : plan.descriptors)
        descriptors.push_back(descriptor.get());
    auto child = spawn(plan.program, descriptors);
    if (!child) return tl::make_unexpected(child.error());
    pid = child->pid;
    exit.assign(child->pidfd.release());
    watch_exit();
    connection = Connection::open(
        io, std::move(ours),
        // A sidecar that closes its control connection is about to end, or of no use any more.
        {nullptr, events.told, [this](const Error&) { send_signal(SIGKILL); }});
    hand_over();
    return {};
}

void Sidecar::State::hand_over() {
    timer.expires_after(kStartTimeout);
    timer.async_wait([this](const boost::system::error_code& error) {
        if (!error) send_signal(SIGKILL);
    });
    const auto params = plan.start_params();
    if (!params) return refuse(params.error());
    connection->call("start", *params, [this](const Result<Json>& answer) {
        if (phase == Phase::stopping) return;
        timer.cancel();
        if (!answer) return refuse(answer.error());
        if (std::exchange(phase, Phase::running) == Phase::starting)
            std::exchange(started, nullptr)(Result<void>());
        else
            events.restarted(pid);
    });
}

// It cannot serve: it goes, and on_exit() does the rest.
void Sidecar::State::refuse(const Error& why) {
    if (why.code != "closed") refusal = why;
    send_signal(SIGKILL);
}

void Sidecar::State::watch_exit() {
    exit.async_wait(asio::posix::stream_descriptor::wait_read,
                    [this](const boost::system::error_code& error) {
                        if (!error) on_exit();
                    });
}

void Sidecar::State::on_exit() {
    int wait_status = 0;
    waitpid(pid, &wait_status, 0);
    exit.close();
    const pid_t dead = std::exchange(pid, -1);
    connection->close();
    connection = nullptr;
    timer.cancel();
    const std::string status = describe_wait_status(wait_status);
    if (phase == Phase::stopping) return std::exchange(stopped, nullptr)();
    if (phase == Phase::starting) return on_first_failure(status);
    events.died(dead, status);
    try_again();
}

void Sidecar::State::on_first_failure(const std::string& status) {
    phase = Phase::down;
    Error error = refusal.value_or(Error{"sidecar_died",
                                         plan.name + " ended before it was ready (" + status + ")",
                                         "the bottle's log says more"});
    std::exchange(started, nullptr)(tl::make_unexpected(std::move(error)));
}

void Sidecar::State::try_again() {
    phase = Phase::restarting;
    if (!budget.take(std::chrono::steady_clock::now())) return give_up();
    ++restarts;
    if (!launch()) give_up();
}

// A listening socket that nobody accepts from keeps a client waiting; a closed one refuses at once.
void Sidecar::State::give_up() {
    phase = Phase::down;
    plan.descriptors.clear();
    events.gave_up();
}

// Through the pidfd: the pid may be someone else's by now.
void Sidecar::State::send_signal(int signal) {
    if (exit.is_open()) syscall(SYS_pidfd_send_signal, exit.native_handle(), signal, nullptr, 0);
}

Sidecar::Sidecar(asio::io_context& io, SidecarPlan plan, SidecarEvents events)
    : state_(std::make_unique<State>(io, std::move(plan), std::move(events))) {}

Sidecar::~Sidecar() = default;

void Sidecar::start(std::function<void(Result<void>)> done) {
    state_->phase = Phase::starting;
    if (auto launched = state_->launch(); !launched) {
        state_->phase = Phase::down;
        return asio::post(state_->io, [done = std::move(done), launched] { done(launched); });
    }
    state_->started = std::move(done);
}

void Sidecar::call(std::string_view method, const Json& params,
                   std::function<void(Result<Json>)> done) {
    if (state_->phase != Phase::running)
        return done(failure("sidecar_down",
                            state_->plan.name + " is " + std::string(name_of(state_->phase)),
                            state_->phase == Phase::restarting ? "ask again in a moment" : ""));
    state_->connection->call(method, params, std::move(done));
}

void Sidecar::stop(std::chrono::milliseconds grace, std::function<void()> done) {
    const bool alive = state_->pid >= 0;
    state_->phase = Phase::stopping;
    if (!alive) return asio::post(state_->io, std::move(done));
    state_->stopped = std::move(done);
    state_->connection->close();
    state_->timer.expires_after(grace);
    state_->timer.async_wait([state = state_.get()](const boost::system::error_code& error) {
        if (!error) state->send_signal(SIGKILL);
    });
}

Json Sidecar::status() const {
    return {{"name", state_->plan.name},
            {"pid", state_->pid >= 0 ? Json(state_->pid) : Json(nullptr)},
            {"restarts", state_->restarts},
            {"state", name_of(state_->phase)}};
}

}  // namespace botbottle::warden
