// The policy document: whatever is taken is written back so that it is taken again, as the same.
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "policy/policy.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    using botbottle::policy::PolicySnapshot;
    const auto document = nlohmann::json::parse(data, data + size, nullptr, false);
    if (document.is_discarded()) return 0;
    const auto policy = PolicySnapshot::from_json(document);
    if (!policy) {
        if (policy.error().message.empty()) std::abort();
        return 0;
    }
    const auto again = PolicySnapshot::from_json((*policy)->to_json());
    if (!again || (*again)->to_json() != (*policy)->to_json()) std::abort();
    for (const auto& route : (*policy)->routes()) {
        if (!route.any_below && (*policy)->find(route.host) != &route) std::abort();
    }
    return 0;
}
