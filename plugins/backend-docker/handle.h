// What `prepare` decides and every later call needs.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "endpoint.h"
#include "host-bottle/bottle.h"
#include "host-bottle/files.h"

namespace backend_docker {

using namespace host_bottle;  // what it shares with every backend whose bottles are on this host

// The backend's own directory in a bottle's runtime directory.
constexpr const char* kPlace = "docker";

// Where the relay meets its launcher: a directory of the host's, empty but while it does.
constexpr const char* kGuestLaunch = "/run/botbottle/launch";
constexpr const char* kLaunchSocket = "relay.sock";

// In the bottle's /etc: an engine puts the host's there, unless there is another.
constexpr const char* kResolvers = "resolv.conf";

// In bundle placement the container's user is nobody of this machine, and the same for everybody,
// so that operators share images.
constexpr Owner kBundleOwner = {1000, 1000};
// The programs, in the image's root.
constexpr const char* kBundlePrograms = "/usr/lib/botbottle";
// Names of the anchor's sockets begin with it.
constexpr const char* kBundleNames = "@botbottle";

struct Handle {
    std::string engine;  // its address
    Placement placement = Placement::host;
    std::string image;  // by its id, which no tag can change
    Owner owner;        // of the bottle's processes, as this machine or the bundle numbers it
    Json limits;
};

Bottle docker_bottle(const Json& request);
std::string launch_directory(const Bottle& bottle);

Json to_json(const Handle& handle);
Handle handle_of(const Json& request);

// Containers by these labels are ours, and by no other sign.
constexpr const char* kIdentityLabel = "dev.botbottle.identity";
constexpr const char* kOwnerLabel = "dev.botbottle.owner";

// This user's bottles of one home: "<uid>:<directory of its states>".
std::string owner_label(const std::string& state_root);

std::string container_name(const std::string& identity);

}  // namespace backend_docker
