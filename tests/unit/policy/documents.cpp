#include "documents.h"

#include <cstdlib>
#include <iostream>
#include <nlohmann/json.hpp>

namespace botbottle::policy::testing {

std::string document_with(std::string_view routes) {
    return R"({"schema": "botbottle.policy/1", "revision": 7, "routes": )" + std::string(routes) +
           "}";
}

Result<std::shared_ptr<const PolicySnapshot>> read(std::string_view document) {
    const auto parsed = nlohmann::json::parse(document, nullptr, false);
    if (parsed.is_discarded()) return failure("test", "not JSON: " + std::string(document));
    return PolicySnapshot::from_json(parsed);
}

std::shared_ptr<const PolicySnapshot> snapshot_of(std::string_view routes) {
    auto snapshot = read(document_with(routes));
    if (!snapshot) {
        std::cerr << snapshot.error().message << "\n";
        std::abort();
    }
    return *snapshot;
}

}  // namespace botbottle::policy::testing
