// The limits that an engine holds a container to.
#pragma once

#include <string>
#include <vector>

#include "handle.h"

namespace backend_docker {

// What a bottle gets when nothing was asked for: room for any build, and an end to a fork bomb.
constexpr long kDefaultPids = 16384;

struct Limits {
    double cpus = 0;  // 0: no limit
    long memory = 0;  // bytes, 0: no limit
    long pids = kDefaultPids;
};

// Of a `prepare` request. `warnings` gets what will not hold.
Limits limits_of(const Json& request, std::vector<std::string>& warnings);

Json to_json(const Limits& limits);
Limits limits_from(const Json& document);

}  // namespace backend_docker
