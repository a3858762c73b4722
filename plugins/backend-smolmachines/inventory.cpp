// Machines are found by their labels alone: a name can be anybody's.
#include "inventory.h"

#include <unistd.h>

#include <algorithm>

#include "exchange.h"
#include "host-bottle/fail.h"
#include "host-bottle/sessions.h"
#include "host-bottle/tree_copy.h"
#include "record.h"
#include "smolvm.h"

namespace backend_smolmachines {
namespace {

constexpr const char* kMachine = "machine";  // kind of leftovers, and the first part of their ids

// This home's. None without a smolvm: then there are no machines either.
std::vector<Machine> own_machines(const std::string& home) {
    const auto path = find_smolvm();
    if (!path) return {};
    std::vector<Machine> own;
    for (Machine& machine : Smolvm(*path, nullptr).machines()) {
        if (machine.label(kOwnerLabel) == kOwner && machine.label(kHomeLabel) == home &&
            is_identity(machine.label(kBottleLabel)))
            own.push_back(std::move(machine));
    }
    return own;
}

Bottle bottle_in_state(const std::string& state_root, const std::string& identity) {
    Bottle bottle;
    bottle.identity = identity;
    bottle.state_dir = state_root + "/" + identity;
    bottle.place = bottle.state_dir + "/" + kPlace;
    bottle.client = kSessionProgram;
    return bottle;
}

void remove_machine(const std::string& name) {
    const Smolvm smolvm(require_smolvm(), nullptr);
    const auto found = smolvm.find(name);
    if (!found) return;
    if (found->label(kOwnerLabel) != kOwner || !is_identity(found->label(kBottleLabel)))
        fail("not_ours", "the machine " + name + " is none of this user's bottles");
    smolvm.remove(name);
}

void remove_item(const std::string& id) {
    const std::string prefix = std::string(kMachine) + ":";
    const std::string name = id.substr(std::min(prefix.size(), id.size()));
    if (!id.starts_with(prefix) || name.empty() || name.starts_with('-'))
        fail_invalid(id + " is not an id of this backend's leftovers");
    remove_machine(name);
}

}  // namespace

Json list(const Json& request) {
    const std::string state_root = absolute_path(request, "state_root");
    Json bottles = Json::array();
    for (const Machine& machine : own_machines(home_label(state_root))) {
        Bottle bottle = bottle_in_state(state_root, machine.label(kBottleLabel));
        const auto record = sound_record(bottle.record());
        if (!record) continue;
        bottle.libexec_dir = record->libexec_dir;
        const bool running = machine.alive();
        bottles.push_back(
            {{"identity", bottle.identity},
             {"pid", record->process ? Json(record->process->pid) : Json(machine.pid)},
             {"running", running},
             {"sessions", running ? sessions_of(bottle) : Json::array()}});
    }
    return {{"bottles", bottles}};
}

Json leftovers(const Json& request) {
    const auto known = request.at("known").get<std::vector<std::string>>();
    Json items = Json::array();
    for (const Machine& machine : own_machines(home_label(absolute_path(request, "state_root")))) {
        const std::string identity = machine.label(kBottleLabel);
        if (std::find(known.begin(), known.end(), identity) != known.end()) continue;
        items.push_back({{"id", std::string(kMachine) + ":" + machine.name},
                         {"identity", identity},
                         {"kind", kMachine},
                         {"description", "a machine of a bottle that nobody knows of (" +
                                             machine.state + "): " + machine.name}});
    }
    return {{"items", items}};
}

Json remove(const Json& request) {
    Json removed = Json::array();
    if (request.contains("items")) {
        for (const Json& entry : request.at("items")) {
            remove_item(entry.get<std::string>());
            removed.push_back(entry);
        }
        return {{"removed", removed}};
    }
    const Bottle bottle = smol_bottle(request);
    if (find_smolvm())
        remove_machine(machine_name(bottle.identity, home_label(parent_of(bottle.state_dir))));
    if (exists(bottle.place)) remove_tree(bottle.place);
    if (exists(bottle.home())) remove_tree(bottle.home());
    removed.push_back(bottle.identity);
    return {{"removed", removed}};
}

}  // namespace backend_smolmachines
