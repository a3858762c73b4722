#include "inventory.h"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>
#include <vector>

#include "host-bottle/fail.h"
#include "host-bottle/process.h"
#include "host-bottle/runtime_root.h"
#include "host-bottle/session_socket.h"
#include "host-bottle/sessions.h"
#include "host-bottle/tree_copy.h"
#include "record.h"

namespace backend_bubblewrap {
namespace {

constexpr std::chrono::seconds kKillTimeout{5};
constexpr std::chrono::milliseconds kLook{10};

// Kinds of leftovers, and the first part of their ids; the second is the runtime directory.
constexpr const char* kProcess = "process";
constexpr const char* kFiles = "files";

// The record, if there is a sound one: one damaged record must not hide all other bottles.
std::optional<Record> sound_record(const Bottle& bottle) {
    try {
        return read_record(bottle.record());
    } catch (const OperationError&) {
        return std::nullopt;
    }
}

// A launch that was cut off before it wrote its record ends by itself, as soon as its relay looks.
void await_cut_off_launch(const Bottle& bottle) {
    const auto deadline = std::chrono::steady_clock::now() + kKillTimeout;
    while (answers(bottle) && std::chrono::steady_clock::now() < deadline)
        std::this_thread::sleep_for(kLook);
}

void end_processes(const Bottle& bottle) {
    const auto record = read_record(bottle.record());
    if (!record) return await_cut_off_launch(bottle);
    for (const ProcessName& name : {record->relay, record->monitor}) {
        const UniqueFd process = open_process(name);
        if (!process) continue;
        kill_process(process);
        if (!wait_ended(process, kKillTimeout)) {
            fail("will_not_end", "process " + std::to_string(name.pid) + " does not end");
        }
    }
}

void remove_item(const std::string& id) {
    const std::size_t colon = id.find(':');
    const std::string kind = id.substr(0, colon);
    if (colon == std::string::npos || (kind != kProcess && kind != kFiles)) {
        fail_invalid(id + " is not an id of this backend's leftovers");
    }
    const Bottle bottle = bottle_at(id.substr(colon + 1));
    if (kind == kProcess)
        end_processes(bottle);
    else if (!exists(bottle.record()))
        await_cut_off_launch(bottle);
    remove_runtime_files(bottle);
}

}  // namespace

Json list(const Json& request) {
    Json bottles = Json::array();
    for (Bottle& bottle : bottles_in(absolute_path(request, "runtime_root"))) {
        const auto record = sound_record(bottle);
        if (!record) continue;
        bottle.libexec_dir = record->libexec_dir;
        const bool running = static_cast<bool>(open_process(record->relay));
        bottles.push_back({{"identity", bottle.identity},
                           {"pid", record->relay.pid},
                           {"running", running},
                           {"sessions", running ? sessions_of(bottle) : Json::array()}});
    }
    return {{"bottles", bottles}};
}

Json leftovers(const Json& request) {
    const auto known = request.at("known").get<std::vector<std::string>>();
    Json items = Json::array();
    for (const Bottle& bottle : bottles_in(absolute_path(request, "runtime_root"))) {
        if (std::find(known.begin(), known.end(), bottle.identity) != known.end()) continue;
        const auto add = [&](const std::string& kind, const std::string& description) {
            items.push_back({{"id", kind + ":" + bottle.runtime_dir},
                             {"identity", bottle.identity},
                             {"kind", kind},
                             {"description", description}});
        };
        const auto record = sound_record(bottle);
        if (record && open_process(record->relay)) {
            add(kProcess, "a bottle that nobody knows of runs as process " +
                              std::to_string(record->relay.pid));
        } else if (answers(bottle)) {
            add(kProcess, "a bottle runs without a sound record: " + bottle.record());
        } else if (has_files(bottle)) {
            add(kFiles, "files of a bottle that does not run: " + bottle.runtime_dir);
        }
    }
    return {{"items", items}};
}

Json remove(const Json& request) {
    Json removed = Json::array();
    if (request.contains("items")) {
        for (const Json& item : request.at("items")) {
            remove_item(item.get<std::string>());
            removed.push_back(item);
        }
        return {{"removed", removed}};
    }
    const Bottle bottle = bottle_of(request);
    if (exists(bottle.runtime_dir)) remove_runtime_files(bottle);
    remove_tree(bottle.home());
    removed.push_back(bottle.identity);
    return {{"removed", removed}};
}

}  // namespace backend_bubblewrap
