// The manifest's `resources` as smolvm has them: whole processors, MiB and GiB.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace backend_smolmachines {

using Json = nlohmann::json;

struct Limits {
    long cpus = 0;  // 0: smolvm's own default, for each
    long memory_mib = 0;
    long storage_gib = 0;
    long pids = 16384;  // the default of every backend with a limit of its own
};

Limits limits_of(const Json& request, std::vector<std::string>& warnings);
Json to_json(const Limits& limits);
Limits limits_from(const Json& document);

}  // namespace backend_smolmachines
