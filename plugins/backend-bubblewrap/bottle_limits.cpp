#include "bottle_limits.h"

#include <sys/utsname.h>

#include <nlohmann/json.hpp>

#include "host-bottle/fail.h"
#include "host-bottle/version.h"

namespace backend_bubblewrap {
namespace {

constexpr unsigned long kMostPids = 1'000'000;

bool asked_for(const Json& limits, const char* name) {
    return limits.contains(name) && !limits.at(name).is_null();
}

}  // namespace

bool pids_limit_holds(bool user_namespace) {
    // Root's bottles have a uid each, so the count of that uid is the count of the bottle.
    if (!user_namespace) return true;
    // Since then the kernel counts per user namespace; before, all of the user's processes count.
    constexpr Version kCountsPerNamespace = {5, 14};
    utsname system = {};
    if (uname(&system) != 0) return false;
    const auto version = parse_version(system.release);
    return version && version->at_least(kCountsPerNamespace);
}

Limits limits_of(const Json& request, bool user_namespace) {
    Limits result;
    const Json limits = request.value("limits", Json::object());
    if (!limits.is_object()) fail_invalid("limits is not an object");
    for (const char* const name : {"cpus", "memory", "disk"}) {
        if (asked_for(limits, name)) {
            result.warnings.push_back(std::string(name) +
                                      " limit will not hold: bubblewrap has no control group");
        }
    }
    if (!asked_for(limits, "pids")) return result;
    const auto pids = limits.at("pids").get<unsigned long>();
    if (pids == 0 || pids > kMostPids) fail_invalid("limits.pids is out of range");
    if (pids_limit_holds(user_namespace)) {
        result.pids = pids;
    } else {
        result.warnings.emplace_back("pids limit will not hold: it needs Linux 5.14 or newer");
    }
    return result;
}

}  // namespace backend_bubblewrap
