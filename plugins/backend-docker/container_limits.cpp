#include "container_limits.h"

#include <nlohmann/json.hpp>

#include "host-bottle/fail.h"

namespace backend_docker {
namespace {

constexpr double kMostCpus = 4096;
constexpr long kLeastMemory = 6L * 1024 * 1024;  // the engine's own minimum
constexpr long kMostPids = 1'000'000;

bool asked_for(const Json& limits, const char* name) {
    return limits.contains(name) && !limits.at(name).is_null();
}

}  // namespace

Limits limits_of(const Json& request, std::vector<std::string>& warnings) {
    Limits result;
    const Json limits = request.value("limits", Json::object());
    if (!limits.is_object()) host_bottle::fail_invalid("limits is not an object");
    if (asked_for(limits, "cpus")) {
        result.cpus = limits.at("cpus").get<double>();
        if (!(result.cpus > 0 && result.cpus <= kMostCpus)) {
            host_bottle::fail_invalid("limits.cpus is out of range");
        }
    }
    if (asked_for(limits, "memory")) {
        result.memory = limits.at("memory").get<long>();
        if (result.memory < kLeastMemory) {
            host_bottle::fail("limit_too_low", "memory: an engine's containers need 6 MiB or more");
        }
    }
    if (asked_for(limits, "pids")) {
        result.pids = limits.at("pids").get<long>();
        if (result.pids <= 0 || result.pids > kMostPids) {
            host_bottle::fail_invalid("limits.pids is out of range");
        }
    }
    if (asked_for(limits, "disk")) {
        warnings.emplace_back(
            "disk limit will not hold: home and workspace are directories of this host");
    }
    return result;
}

Json to_json(const Limits& limits) {
    return {{"cpus", limits.cpus}, {"memory", limits.memory}, {"pids", limits.pids}};
}

Limits limits_from(const Json& document) {
    return {document.at("cpus").get<double>(), document.at("memory").get<long>(),
            document.at("pids").get<long>()};
}

}  // namespace backend_docker
