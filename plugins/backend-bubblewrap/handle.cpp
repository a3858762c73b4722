#include "handle.h"

#include <nlohmann/json.hpp>

namespace backend_bubblewrap {

std::string log_of(const Bottle& bottle) {
    return bottle.state_dir + "/logs/bubblewrap.log";
}

Json to_json(const Handle& handle) {
    return {{"bwrap", handle.bwrap},        {"uid", handle.owner.uid},
            {"gid", handle.owner.gid},      {"user_namespace", handle.user_namespace},
            {"pids", handle.pids},          {"binds", handle.program.binds},
            {"links", handle.program.links}};
}

Handle handle_of(const Json& request) {
    const Json& document = request.at("handle");
    Handle handle;
    document.at("bwrap").get_to(handle.bwrap);
    document.at("uid").get_to(handle.owner.uid);
    document.at("gid").get_to(handle.owner.gid);
    document.at("user_namespace").get_to(handle.user_namespace);
    document.at("pids").get_to(handle.pids);
    document.at("binds").get_to(handle.program.binds);
    document.at("links").get_to(handle.program.links);
    return handle;
}

}  // namespace backend_bubblewrap
