// The relay ends a bottle, as it does on every backend of this host; the engine is needed only
// where that fails, and sees for itself that a container has ended.
#include "life.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <vector>

#include "containers.h"
#include "host-bottle/fail.h"
#include "host-bottle/process.h"
#include "host-bottle/sessions.h"
#include "record.h"

namespace backend_docker {
namespace {

constexpr std::chrono::milliseconds kKillTimeout{10'000};

// From the handle and from the record. A damaged record is an error only when there is nothing
// else.
std::vector<ProcessName> relays_of(const Json& request, const Bottle& bottle) {
    std::vector<ProcessName> found;
    if (const auto launched = relay_in(request.value("handle", Json::object()))) {
        found.push_back(*launched);
    }
    try {
        if (const auto record = read_record(bottle.record())) found.push_back(record->relay);
    } catch (const OperationError&) {
        if (found.empty()) throw;
    }
    return found;
}

void end_relay(const Bottle& bottle, const ProcessName& name, long grace) {
    const UniqueFd relay = open_process(name);
    if (!relay) return;
    // The bottle's user is ours, or we are root.
    if (!end_sessions(bottle, relay, grace)) kill_process(relay);
    if (!wait_ended(relay, kKillTimeout)) {
        fail("will_not_end", "process " + std::to_string(name.pid) + " of the bottle does not end");
    }
}

// What a launch left that was cut off before there was a process to name.
void remove_unlaunched(const Json& request, const Bottle& bottle,
                       const botbottle::plugin::Host& host) {
    const Json handle = request.value("handle", Json::object());
    if (!handle.contains("engine")) return;
    Engine engine(parse_endpoint(handle.at("engine").get<std::string>()), &host);
    const auto left = find_container(engine, container_name(bottle.identity));
    if (left && left->identity == bottle.identity && left->state != "removing" && is_ours(*left)) {
        remove_container(engine, *left);
    }
}

}  // namespace

bool runs(const Json& request, const Bottle& bottle) {
    const auto relays = relays_of(request, bottle);
    return std::any_of(relays.begin(), relays.end(), [](const ProcessName& relay) {
        return static_cast<bool>(open_process(relay));
    });
}

Json stop(const Json& request, const botbottle::plugin::Host& host) {
    const Bottle bottle = docker_bottle(request);
    const long grace = grace_of(request);
    const auto relays = relays_of(request, bottle);
    for (const ProcessName& relay : relays)
        end_relay(bottle, relay, grace);
    try {
        if (relays.empty()) remove_unlaunched(request, bottle, host);
    } catch (const OperationError& error) {
        // Nothing of it can run without the engine, and `cleanup` finds what the engine has.
        host.warning("a container may be left: " + error.message());
    }
    unlink(bottle.record().c_str());
    unlink(bottle.session_socket().c_str());
    return {{"stopped", true}};
}

}  // namespace backend_docker
