// What `prepare` decides and every later call needs.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "host-bottle/bottle.h"
#include "host-bottle/files.h"

namespace backend_bubblewrap {

using namespace host_bottle;  // what it shares with every backend whose bottles are on this host

constexpr const char* kGuestAgent = "/opt/agent";
constexpr const char* kGuestPath =
    "/opt/agent/bin:/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin";

// Where bwrap and the relay write their complaints.
std::string log_of(const Bottle& bottle);

// What of the provider's program must be seen in the bottle.
struct ProgramView {
    std::vector<std::pair<std::string, std::string>> binds;  // host path, guest path
    std::vector<std::pair<std::string, std::string>> links;  // target, guest path
};

struct Handle {
    std::string bwrap;  // host path
    Owner owner;        // of the bottle's processes, as the host sees them
    bool user_namespace = true;
    unsigned long pids = 0;  // 0: no limit
    ProgramView program;

    // The same user as the bottle sees it.
    Owner owner_inside() const { return user_namespace ? Owner{1000, 1000} : owner; }
};

Json to_json(const Handle& handle);
Handle handle_of(const Json& request);

}  // namespace backend_bubblewrap
