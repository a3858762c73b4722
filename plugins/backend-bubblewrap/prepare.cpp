// prepare: the directories of a bottle, and the decisions that every later call needs.
#include <pwd.h>
#include <unistd.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "bottle_limits.h"
#include "host-bottle/etc.h"
#include "host-bottle/fail.h"
#include "host-bottle/host_user.h"
#include "launch.h"
#include "probe.h"
#include "program_view.h"

namespace backend_bubblewrap {
namespace {

// What no bind may contain: the operator's home, and botbottle's own directories.
std::vector<std::string> secluded_directories(const Bottle& bottle) {
    std::vector<std::string> directories = {"/usr", "/etc"};
    const auto add = [&](const char* path) {
        if (path == nullptr) return;
        if (auto resolved = real_path(path)) directories.push_back(std::move(*resolved));
    };
    add(std::getenv("HOME"));
    const passwd* const user = getpwuid(geteuid());
    if (user != nullptr) add(user->pw_dir);
    add(bottle.state_dir.c_str());
    add(bottle.runtime_dir.c_str());
    return directories;
}

ProgramView program_of(const Json& request, const Bottle& bottle, const Handle& handle) {
    if (!request.contains("command") || request.at("command").is_null()) return {};
    const Json& command = request.at("command");
    const Surroundings surroundings = {secluded_directories(bottle),
                                       {"/usr/local/bin", "/usr/bin"},
                                       handle.owner.uid != geteuid()};
    return view_program(command.at("name").get<std::string>(), absolute_path(command, "path"),
                        surroundings);
}

void make_directories(const Bottle& bottle, const Handle& handle) {
    make_directory(bottle.runtime_dir, 0700);
    make_etc(bottle.etc(), handle.owner_inside(), "bottle");
    make_directory(bottle.state_dir + "/logs", 0700);
    for (const std::string& path : {bottle.home(), bottle.workspace()}) {
        make_directory(path, 0700);
        give_to(path, handle.owner);
    }
}

}  // namespace

Json prepare(const Json& request) {
    const Bottle bottle = bottle_of(request);
    Handle handle;
    handle.bwrap = find_bwrap();
    handle.owner = owner_for(bottle.identity);
    handle.user_namespace = !is_host_root();
    const Limits limits = limits_of(request, handle.user_namespace);
    handle.pids = limits.pids;
    handle.program = program_of(request, bottle, handle);
    make_directories(bottle, handle);

    const Owner inside = handle.owner_inside();
    return {{"handle", to_json(handle)},
            {"guest",
             {{"home", kGuestHome},
              {"workspace", kGuestWorkspace},
              {"user", "agent"},
              {"uid", inside.uid},
              {"gid", inside.gid},
              {"path", kGuestPath}}},
            {"owner", {{"uid", handle.owner.uid}, {"gid", handle.owner.gid}}},
            {"host_paths", {{"workspace", bottle.workspace()}, {"home", bottle.home()}}},
            {"warnings", limits.warnings}};
}

}  // namespace backend_bubblewrap
