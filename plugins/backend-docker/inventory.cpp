#include "inventory.h"

#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

#include "containers.h"
#include "host-bottle/fail.h"
#include "host-bottle/process.h"
#include "host-bottle/runtime_root.h"
#include "host-bottle/session_socket.h"
#include "host-bottle/sessions.h"
#include "host-bottle/tree_copy.h"
#include "record.h"

namespace backend_docker {
namespace {

// Kinds of leftovers, and the first part of their ids; the second is a container's id or a runtime
// directory.
constexpr const char* kContainer = "container";
constexpr const char* kFiles = "files";

Json item(const std::string& kind, const std::string& what, const std::string& identity,
          const std::string& description) {
    return {{"id", kind + ":" + what},
            {"identity", identity},
            {"kind", kind},
            {"description", description}};
}

bool is_known(const std::vector<std::string>& known, const std::string& identity) {
    return std::find(known.begin(), known.end(), identity) != known.end();
}

void find_containers(const Json& request, const std::vector<std::string>& known, Json& items) {
    const std::string owner = owner_label(absolute_path(request, "state_root"));
    try {
        Engine engine(default_endpoint(), nullptr);
        for (const FoundContainer& container : containers_of(engine, owner)) {
            if (container.state == "removing" || !is_ours(container) ||
                is_known(known, container.identity)) {
                continue;
            }
            items.push_back(item(kContainer, container.id, container.identity,
                                 "a container of a bottle that nobody knows of (" +
                                     container.state + "): " + container.name));
        }
    } catch (const OperationError& error) {
        // Who has no engine, or may not use it, has no containers either.
        if (error.status() != BOTBOTTLE_UNAVAILABLE) throw;
    }
}

void remove_container_item(const std::string& id) {
    const auto plain = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
    if (id.empty() || !std::all_of(id.begin(), id.end(), plain)) {
        fail_invalid(id + " is not the id of a container");
    }
    Engine engine(default_endpoint(), nullptr);
    if (const auto container = find_container(engine, id)) remove_container(engine, *container);
}

void remove_files(const Bottle& bottle) {
    rmdir(launch_directory(bottle).c_str());
    remove_runtime_files(bottle);
}

void remove_item(const std::string& id) {
    const std::size_t colon = id.find(':');
    const std::string kind = id.substr(0, colon);
    if (colon == std::string::npos || (kind != kContainer && kind != kFiles)) {
        fail_invalid(id + " is not an id of this backend's leftovers");
    }
    if (kind == kContainer) return remove_container_item(id.substr(colon + 1));
    remove_files(bottle_at(id.substr(colon + 1), kPlace));
}

}  // namespace

Json list(const Json& request) {
    Json bottles = Json::array();
    for (Bottle& bottle : bottles_in(absolute_path(request, "runtime_root"), kPlace)) {
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
    find_containers(request, known, items);
    for (const Bottle& bottle : bottles_in(absolute_path(request, "runtime_root"), kPlace)) {
        if (is_known(known, bottle.identity) || !has_files(bottle) || answers(bottle)) continue;
        items.push_back(item(kFiles, bottle.runtime_dir, bottle.identity,
                             "files of a bottle that does not run: " + bottle.place));
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
    const Bottle bottle = docker_bottle(request);
    if (exists(bottle.place)) remove_files(bottle);
    remove_tree(bottle.home());
    removed.push_back(bottle.identity);
    return {{"removed", removed}};
}

}  // namespace backend_docker
