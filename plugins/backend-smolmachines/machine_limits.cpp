#include "machine_limits.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "host-bottle/fail.h"

namespace backend_smolmachines {
namespace {

constexpr double kMostCpus = 4096;
constexpr long kMiB = 1024L * 1024;
constexpr long kGiB = 1024 * kMiB;
constexpr long kLeastMemory = 64;  // MiB, smolvm's own minimum
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
        const auto cpus = limits.at("cpus").get<double>();
        if (!(cpus > 0 && cpus <= kMostCpus))
            host_bottle::fail_invalid("limits.cpus is out of range");
        result.cpus = static_cast<long>(std::ceil(cpus));
        if (static_cast<double>(result.cpus) != cpus) {
            warnings.push_back("cpus: a machine has whole processors, so it gets " +
                               std::to_string(result.cpus));
        }
    }
    if (asked_for(limits, "memory")) {
        result.memory_mib = limits.at("memory").get<long>() / kMiB;
        if (result.memory_mib < kLeastMemory)
            host_bottle::fail("limit_too_low", "memory: a machine needs 64 MiB or more",
                              "raise resources.memory in the bottle's file");
    }
    if (asked_for(limits, "pids")) {
        result.pids = limits.at("pids").get<long>();
        if (result.pids <= 0 || result.pids > kMostPids)
            host_bottle::fail_invalid("limits.pids is out of range");
    }
    if (asked_for(limits, "disk")) {
        const long bytes = limits.at("disk").get<long>();
        if (bytes <= 0) host_bottle::fail_invalid("limits.disk is out of range");
        result.storage_gib = (bytes + kGiB - 1) / kGiB;
        warnings.emplace_back(
            "disk limit holds for the machine's own disk only: home and workspace are directories "
            "of this host");
    }
    return result;
}

Json to_json(const Limits& limits) {
    return {{"cpus", limits.cpus},
            {"memory_mib", limits.memory_mib},
            {"storage_gib", limits.storage_gib},
            {"pids", limits.pids}};
}

Limits limits_from(const Json& document) {
    return {document.at("cpus").get<long>(), document.at("memory_mib").get<long>(),
            document.at("storage_gib").get<long>(), document.at("pids").get<long>()};
}

}  // namespace backend_smolmachines
