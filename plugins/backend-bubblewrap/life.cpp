#include "life.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <vector>

#include "host-bottle/fail.h"
#include "host-bottle/process.h"
#include "host-bottle/sessions.h"
#include "record.h"

namespace backend_bubblewrap {
namespace {

constexpr std::chrono::milliseconds kKillTimeout{5000};

// From the handle and from the record. A damaged record is an error only when there is nothing
// else.
std::vector<BottleProcesses> processes_of(const Json& request, const Bottle& bottle) {
    std::vector<BottleProcesses> found;
    if (const auto launched = processes_in(request.value("handle", Json::object()))) {
        found.push_back(*launched);
    }
    try {
        if (const auto record = read_record(bottle.record())) found.push_back(*record);
    } catch (const OperationError&) {
        if (found.empty()) throw;
    }
    return found;
}

void end_bottle(const Bottle& bottle, const BottleProcesses& processes, long grace) {
    if (const UniqueFd relay = open_process(processes.relay)) {
        if (!end_sessions(bottle, relay, grace)) kill_process(relay);
        if (!wait_ended(relay, kKillTimeout)) {
            fail("will_not_end",
                 "process " + std::to_string(processes.relay.pid) + " of the bottle does not end");
        }
    }
    // bwrap ends by itself when the bottle has; its end is the end of every mount that it saw.
    if (const UniqueFd monitor = open_process(processes.monitor)) {
        if (!wait_ended(monitor, kKillTimeout)) kill_process(monitor);
    }
}

}  // namespace

bool runs(const Json& request, const Bottle& bottle) {
    const auto known = processes_of(request, bottle);
    return std::any_of(known.begin(), known.end(), [](const BottleProcesses& processes) {
        return static_cast<bool>(open_process(processes.relay));
    });
}

Json stop(const Json& request) {
    const Bottle bottle = bottle_of(request);
    const long grace = grace_of(request);
    for (const BottleProcesses& processes : processes_of(request, bottle)) {
        end_bottle(bottle, processes, grace);
    }
    unlink(bottle.record().c_str());
    unlink(bottle.session_socket().c_str());
    return {{"stopped", true}};
}

}  // namespace backend_bubblewrap
