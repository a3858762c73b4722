#include "handle.h"

#include <unistd.h>

#include <nlohmann/json.hpp>

namespace backend_docker {

Bottle docker_bottle(const Json& request) {
    return bottle_of(request, kPlace);
}

std::string launch_directory(const Bottle& bottle) {
    return bottle.place + "/launch";
}

Json to_json(const Handle& handle) {
    return {{"engine", handle.engine}, {"placement", placement_name(handle.placement)},
            {"image", handle.image},   {"uid", handle.owner.uid},
            {"gid", handle.owner.gid}, {"limits", handle.limits}};
}

Handle handle_of(const Json& request) {
    const Json& document = request.at("handle");
    Handle handle;
    document.at("engine").get_to(handle.engine);
    const bool bundle = document.value("placement", std::string("host")) == "bundle";
    handle.placement = bundle ? Placement::bundle : Placement::host;
    document.at("image").get_to(handle.image);
    document.at("uid").get_to(handle.owner.uid);
    document.at("gid").get_to(handle.owner.gid);
    handle.limits = document.at("limits");
    return handle;
}

std::string owner_label(const std::string& state_root) {
    return std::to_string(geteuid()) + ":" + state_root;
}

std::string container_name(const std::string& identity) {
    return "botbottle-" + identity;
}

}  // namespace backend_docker
