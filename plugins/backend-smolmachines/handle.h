// What prepare decides and every later call needs, and where a bottle's things lie.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "host-bottle/bottle.h"
#include "host-bottle/files.h"

namespace backend_smolmachines {

using namespace host_bottle;  // what it shares with every backend whose bottles are on this host

// smolvm mounts nothing below /run, where runtime directories are: what a machine sees of the host
// lies in the state directory.
constexpr const char* kPlace = "machine";

// In the machine; the program `botbottle-machine` (sidecars/machine/layout.h) knows the same paths.
constexpr const char* kMachineIn = "/opt/botbottle/in";
constexpr const char* kMachineOut = "/opt/botbottle/out";
constexpr const char* kMachineEtc = "/opt/botbottle/etc";
constexpr const char* kMachineHome = "/opt/botbottle/home";
constexpr const char* kMachineWorkspace = "/opt/botbottle/workspace";
constexpr const char* kMachineSockets = "/opt/botbottle/sockets";
constexpr const char* kMachineProgram = "/opt/botbottle/in/botbottle-machine";
constexpr const char* kMachineSession = "/opt/botbottle/in/botbottle-session";
constexpr const char* kMachineSessions = "/run/botbottle.sock";

// By which a machine is known as ours: all three.
constexpr const char* kOwnerLabel = "owner";
constexpr const char* kOwner = "botbottle";
constexpr const char* kBottleLabel = "bottle";
constexpr const char* kHomeLabel = "home";

// In the place of the names that session clients of other backends go by.
constexpr const char* kSessionProgram = "botbottle-machine-session";

struct Handle {
    std::string smolvm;   // path of the program
    std::string machine;  // its name
    std::string image;    // path of the archive
    std::string user;     // for `exec --user`; empty: the image's own, which is root
    Owner owner = {};     // of the bottle's files and processes
    Json limits;
};

Bottle smol_bottle(const Json& request);
std::string hex_of(std::string_view bytes);

std::string in_directory(const Bottle& bottle);
std::string out_directory(const Bottle& bottle);

Json to_json(const Handle& handle);
Handle handle_of(const Json& request);

// The same for the same home of botbottle, and for no other: a label of smolvm takes no path.
std::string home_label(const std::string& state_root);

// smolvm takes letters, digits, '_' and single '-': what else an identity has is replaced, and a
// part of a hash keeps two of them apart.
std::string machine_name(const std::string& identity, const std::string& home);

}  // namespace backend_smolmachines
