// launch: a container as a process of its own, and the handshake after which the bottle lives
// without us. Until the relay has read the commitment, the end of this process is the end of the
// bottle: the kernel closes our end of the lease, the relay ends, and the engine removes it.
#include "launch.h"

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <fstream>

#include "containers.h"
#include "host-bottle/fail.h"
#include "host-bottle/filter.h"
#include "host-bottle/process.h"
#include "host-bottle/session_socket.h"
#include "record.h"
#include "rendezvous.h"
#include "tether_process.h"

namespace backend_docker {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kLaunchTimeout = std::chrono::seconds(30);
constexpr std::chrono::milliseconds kPoll{100};

ContainerPlan plan_of(const Json& request) {
    ContainerPlan plan;
    plan.bottle = docker_bottle(request);
    plan.handle = handle_of(request);
    plan.sockets_dir = absolute_path(request, "sockets_dir");
    plan.forwards = forwards_of(request);
    plan.hostname = request.value("hostname", std::string("bottle"));
    return plan;
}

// Podman asks for a million open files and as many processes for each container of root's, and
// where it may not raise limits (in a container, say) no container starts. What this user has is
// enough for a bottle; of processes Podman itself takes no more than there are process numbers.
std::vector<ResourceLimit> limits_on_podman() {
    std::vector<ResourceLimit> found;
    rlimit files = {};
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_max != RLIM_INFINITY)
        found.push_back({"nofile", static_cast<long>(files.rlim_max)});
    rlim_t numbers = 0;
    std::ifstream("/proc/sys/kernel/pid_max") >> numbers;
    rlimit processes = {};
    if (numbers > 0 && getrlimit(RLIMIT_NPROC, &processes) == 0)
        found.push_back({"nproc", static_cast<long>(std::min(processes.rlim_max, numbers))});
    return found;
}

void refuse_second_launch(const Bottle& bottle) {
    const auto record = read_record(bottle.record());
    if (record && open_process(record->relay)) {
        fail("already_running", "the bottle " + bottle.identity + " runs already");
    }
}

// Removed by name, unless it is kept: the engine may have made it although its answer was lost.
class Made {
  public:
    Made(const ContainerPlan& plan) : plan_(plan) {}
    Made(const Made&) = delete;
    Made& operator=(const Made&) = delete;
    ~Made() {
        if (kept_) return;
        try {
            Engine engine(parse_endpoint(plan_.handle.engine), nullptr);
            if (const auto left = find_container(engine, container_name(plan_.bottle.identity)))
                remove_container(engine, *left);
        } catch (const OperationError&) {
            // The first error is the one to tell; `cleanup` finds the container by its labels.
        }
    }
    void keep() { kept_ = true; }

  private:
    const ContainerPlan& plan_;
    bool kept_ = false;
};

[[noreturn]] void fail_died(const ContainerPlan& plan) {
    fail(
        "bottle_died", "the container ended before its relay answered",
        "does something (SELinux, AppArmor) keep containers from " + plan.bottle.runtime_dir + "?");
}

// The container's first process as this host numbers it.
ProcessName process_of(Engine& engine, const std::string& id, const ContainerPlan& plan) {
    const auto container = find_container(engine, id);
    if (!container || container->pid <= 0) fail_died(plan);
    const auto start_time = start_time_of(container->pid);
    if (!start_time) {
        if (!find_container(engine, id)) fail_died(plan);
        fail("engine_not_local",
             "the container's process is none of this host's: the engine runs in a virtual "
             "machine or another process namespace");
    }
    return {container->pid, *start_time};
}

// Until `step` is done. Throws when the container ended, the time is over, or the operator
// cancelled.
template <typename Step>
void wait_for(const ContainerPlan& plan, const UniqueFd& process,
              const botbottle::plugin::Host& host, Clock::time_point deadline, Step&& step) {
    while (!step()) {
        host.throw_if_cancelled();
        if (wait_ended(process, std::chrono::milliseconds(0))) fail_died(plan);
        if (Clock::now() > deadline) {
            fail("launch_timeout", "the bottle did not answer in 30 s",
                 "see the engine's log; `docker ps` shows what it does");
        }
    }
}

Json launched(const Json& request, const Record& record) {
    Json handle = request.at("handle");
    add_to_handle(handle, record);
    return {{"handle", std::move(handle)},
            {"pid", record.relay.pid},
            {"start_time", record.relay.start_time}};
}

// The relay is out of reach; the process that holds the tether to it stands for it.
Json launch_bundle(const Json& request, const ContainerPlan& plan, Engine& engine,
                   const botbottle::plugin::Host& host) {
    const Bottle& bottle = plan.bottle;
    const UniqueFd filter = build_filter();
    const UniqueFd sessions = listen_for_sessions(bottle);
    Made made(plan);
    const std::string id = create_container(engine, plan);
    // Before it starts: nothing that it says is lost.
    const UniqueFd stream = engine.attach(id);
    start_container(engine, id);
    TetherProcess tether(bottle, plan.sockets_dir, stream, sessions, filter);
    const auto deadline = Clock::now() + kLaunchTimeout;
    wait_for(plan, tether.process(), host, deadline, [&] { return tether.ready(kPoll); });
    const Record record{bottle.identity, plan.handle.engine, id, tether.name(), bottle.libexec_dir};
    write_record(bottle.record(), record);
    tether.commit();
    made.keep();
    return launched(request, record);
}

}  // namespace

Json launch(const Json& request, const botbottle::plugin::Host& host) {
    ContainerPlan plan = plan_of(request);
    const Bottle& bottle = plan.bottle;
    refuse_second_launch(bottle);
    Engine engine(parse_endpoint(plan.handle.engine), &host);
    plan.podman = engine.version().name == kPodman;
    if (plan.podman && engine.endpoint().is_local()) plan.most = limits_on_podman();
    if (plan.handle.placement == Placement::bundle)
        return launch_bundle(request, plan, engine, host);
    const UniqueFd filter = build_filter();
    const UniqueFd sessions = listen_for_sessions(bottle);
    Rendezvous rendezvous(bottle, plan.handle.owner);

    Made made(plan);
    const std::string id = create_container(engine, plan);
    start_container(engine, id);
    const auto deadline = Clock::now() + kLaunchTimeout;
    const ProcessName relay = process_of(engine, id, plan);
    const UniqueFd process = open_process(relay);
    if (!process) fail_died(plan);
    wait_for(plan, process, host, deadline, [&] { return rendezvous.accept(relay.pid, kPoll); });
    rendezvous.hand_over(sessions, filter);
    wait_for(plan, process, host, deadline, [&] { return rendezvous.ready(kPoll); });

    const Record record{bottle.identity, plan.handle.engine, id, relay, bottle.libexec_dir};
    write_record(bottle.record(), record);
    rendezvous.commit();
    made.keep();
    return launched(request, record);
}

}  // namespace backend_docker
