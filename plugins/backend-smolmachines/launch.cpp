// launch: create, start, see that nothing outside answers, enter, see that the bottle answers. Each
// step may take as long as smolvm takes; whatever fails, the machine is removed.
#include "launch.h"

#include <unistd.h>

#include "exchange.h"
#include "health.h"
#include "host-bottle/fail.h"
#include "record.h"
#include "smolvm.h"
#include "tool_error.h"

namespace backend_smolmachines {
namespace {

constexpr std::chrono::seconds kCreate{300};  // unpacks the image
constexpr std::chrono::seconds kStart{120};
constexpr std::chrono::seconds kHealth{40};
constexpr long kReadyMs = 20'000;
constexpr int kHealthTries = 3;

MachinePlan plan_of(const Json& request) {
    MachinePlan plan;
    plan.bottle = smol_bottle(request);
    plan.handle = handle_of(request);
    plan.sockets_dir = absolute_path(request, "sockets_dir");
    plan.forwards = forwards_of(request);
    plan.hostname = request.value("hostname", std::string("bottle"));
    if (plan.sockets_dir.find(':') != std::string::npos)
        fail("socket_refused", plan.sockets_dir + " holds a ':', which smolvm's sockets cannot",
             "set XDG_RUNTIME_DIR to another directory");
    return plan;
}

bool is_this_bottle(const Machine& machine, const Bottle& bottle) {
    return machine.label(kOwnerLabel) == kOwner && machine.label(kBottleLabel) == bottle.identity &&
           machine.label(kHomeLabel) == home_label(parent_of(bottle.state_dir));
}

// Removed by name, unless it is kept. Not cancelled by what cancelled the launch.
class Made {
  public:
    explicit Made(const Handle& handle) : handle_(handle) {}
    Made(const Made&) = delete;
    Made& operator=(const Made&) = delete;
    ~Made() {
        if (kept_) return;
        try {
            Smolvm(handle_.smolvm, nullptr).remove(handle_.machine);
        } catch (const OperationError&) {
            // The first error is the one to tell; `cleanup` finds the machine by its labels.
        }
    }
    void keep() { kept_ = true; }

  private:
    const Handle& handle_;
    bool kept_ = false;
};

// One that an earlier launch of the same bottle left is replaced; one that runs is not.
void create(const Smolvm& smolvm, const MachinePlan& plan) {
    const std::string step = "make the machine";
    ProgramResult result = smolvm.run(step, create_words(plan), kCreate);
    if (result.exit_code != 0 && says_exists(result.errors)) {
        const auto found = smolvm.find(plan.handle.machine);
        if (found && !is_this_bottle(*found, plan.bottle))
            fail("name_taken",
                 "there is a machine " + plan.handle.machine + " that is none of this botbottle's",
                 "smolvm machine delete -n " + plan.handle.machine);
        if (found && found->alive())
            fail("already_running", "the bottle " + plan.bottle.identity + " runs already");
        smolvm.remove(plan.handle.machine);
        result = smolvm.run(step, create_words(plan), kCreate);
    }
    if (result.exit_code != 0) fail_tool(step, result);
}

// The one command that may be tried again: smolvm has killed the first command in a fresh machine.
Health health_of(const Smolvm& smolvm, const MachinePlan& plan, long timeout_ms) {
    const Handle& handle = plan.handle;
    const std::string step = "look at the machine from inside";
    const Words words = exec_words(handle.machine, handle.user, Exec::buffered,
                                   static_cast<unsigned>(kHealth.count()),
                                   health_command(handle.owner, timeout_ms));
    for (int left = kHealthTries;; --left) {
        const ProgramResult result = smolvm.run(step, words, kHealth + std::chrono::seconds(10));
        if (result.exit_code == 0) return parse_health(result.output);
        constexpr int kKilled = 128 + 9;
        const bool again = result.exit_code == kKilled ||
                           error_line(result.errors).find("connection") != std::string::npos;
        if (left > 1 && again) continue;
        constexpr int kNoProgram = 255;  // crun's code for a program that it cannot start
        if (result.exit_code == kNoProgram || result.exit_code == kKilled)
            fail("machine_unhealthy",
                 "the machine cannot run botbottle's own program (" +
                     std::to_string(result.exit_code) + ")",
                 "is the image made for this machine's processor? " + handle.image);
        fail_tool(step, result);
    }
}

void enter(const Smolvm& smolvm, const MachinePlan& plan) {
    smolvm.ask(
        "start the relay",
        exec_words(plan.handle.machine, plan.handle.user, Exec::detached, 0, enter_command(plan)),
        kHealth);
}

}  // namespace

Json launch(const Json& request, const botbottle::plugin::Host& host) {
    const MachinePlan plan = plan_of(request);
    const Bottle& bottle = plan.bottle;
    const Smolvm smolvm(plan.handle.smolvm, &host);

    Made made(plan.handle);
    host.progress("machine", "making the machine " + plan.handle.machine);
    create(smolvm, plan);
    host.progress("machine", "starting it");
    smolvm.ask("start the machine", start_words(plan.handle.machine), kStart);
    refuse_leaks(health_of(smolvm, plan, 0));
    enter(smolvm, plan);
    refuse_unhealthy(health_of(smolvm, plan, kReadyMs), plan.handle.owner);

    const auto machine = smolvm.find(plan.handle.machine);
    if (!machine || !machine->alive())
        fail("machine_lost", "the machine ended while it was started",
             "`smolvm machine data-dir -n NAME` has its console log");
    if (machine->network)
        fail("machine_leaks", "smolvm gave the machine a network although none was asked for",
             "see ~/.config/smolvm, and update smolvm");
    Record record{bottle.identity, plan.handle.machine, std::nullopt, bottle.libexec_dir};
    if (const auto start_time = start_time_of(static_cast<pid_t>(machine->pid)))
        record.process = ProcessName{static_cast<pid_t>(machine->pid), *start_time};
    write_record(bottle.record(), record);
    write_contact(bottle, plan.handle, smolvm_environment());
    made.keep();
    Json reply = {{"handle", request.at("handle")}, {"pid", Json()}, {"start_time", Json()}};
    if (record.process) {
        reply["pid"] = record.process->pid;
        reply["start_time"] = record.process->start_time;
    }
    return reply;
}

}  // namespace backend_smolmachines
