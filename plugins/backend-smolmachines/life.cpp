// The relay ends the bottle's processes in their own time, then the machine goes, whatever became
// of them. Every step is bounded, and a machine that is gone already is no error.
#include "life.h"

#include <unistd.h>

#include "exchange.h"
#include "host-bottle/fail.h"
#include "host-bottle/sessions.h"
#include "record.h"
#include "smolvm.h"

namespace backend_smolmachines {
namespace {

constexpr std::chrono::milliseconds kAnswer{12'000};
constexpr std::chrono::milliseconds kKillTimeout{10'000};

void end_processes(const Bottle& bottle, long grace) {
    Program shutdown;
    shutdown.argv = {bottle.session_client(), "--socket", bottle.session_socket(), "--shutdown",
                     std::to_string(grace)};
    shutdown.timeout = std::chrono::milliseconds(grace) + kAnswer;
    run_program(shutdown);
}

std::string machine_of(const Json& request, const Bottle& bottle,
                       const std::optional<Record>& record) {
    if (record) return record->machine;
    const Json handle = request.value("handle", Json::object());
    return handle.value("machine",
                        machine_name(bottle.identity, home_label(parent_of(bottle.state_dir))));
}

// A machine whose process ignores smolvm.
void kill_machine(const std::optional<Record>& record) {
    if (!record || !record->process) return;
    const UniqueFd process = open_process(*record->process);
    if (!process) return;
    kill_process(process);
    wait_ended(process, kKillTimeout);
}

}  // namespace

bool runs(const Bottle& bottle) {
    const auto record = sound_record(bottle.record());
    if (!record) return false;
    if (record->process) return static_cast<bool>(open_process(*record->process));
    const auto found = Smolvm(require_smolvm(), nullptr).find(record->machine);
    return found && found->alive();
}

Json stop(const Json& request, const botbottle::plugin::Host& host) {
    const Bottle bottle = smol_bottle(request);
    const auto record = sound_record(bottle.record());
    const Json handle = request.value("handle", Json::object());
    // Nothing was ever made: prepare had not come to a handle.
    if (!record && !handle.contains("smolvm")) return {{"stopped", true}};
    const std::string path =
        handle.contains("smolvm") ? absolute_path(handle, "smolvm") : require_smolvm();
    if (record && runs(bottle)) end_processes(bottle, grace_of(request));
    const Smolvm smolvm(exists(path) ? path : require_smolvm(), nullptr);
    const std::string machine = machine_of(request, bottle, record);
    try {
        const ProgramResult stopped =
            smolvm.run("stop the machine", stop_words(machine), std::chrono::seconds(60));
        if (stopped.exit_code != 0)
            host.debug("smolvm machine stop: " +
                       stopped.errors.substr(0, stopped.errors.find('\n')));
    } catch (const OperationError& error) {
        host.warning(error.message());
        kill_machine(record);
    }
    try {
        smolvm.remove(machine);
    } catch (const OperationError&) {
        kill_machine(record);
        smolvm.remove(machine);
    }
    remove_exchange(bottle);
    return {{"stopped", true}};
}

}  // namespace backend_smolmachines
