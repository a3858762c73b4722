#include "machine_json.h"

#include <nlohmann/json.hpp>

namespace backend_smolmachines {
namespace {

using Json = nlohmann::json;

std::optional<Machine> machine_of(const Json& entry) {
    if (!entry.is_object()) return std::nullopt;
    const auto text = [&](const char* key) {
        const auto found = entry.find(key);
        return found != entry.end() && found->is_string() ? found->get<std::string>()
                                                          : std::string();
    };
    Machine machine;
    machine.name = text("name");
    if (machine.name.empty()) return std::nullopt;
    machine.state = text("state");
    if (const auto pid = entry.find("pid"); pid != entry.end() && pid->is_number_integer())
        machine.pid = pid->get<long>();
    if (const auto network = entry.find("network"); network != entry.end() && network->is_boolean())
        machine.network = network->get<bool>();
    if (const auto labels = entry.find("labels"); labels != entry.end() && labels->is_object()) {
        for (const auto& [key, value] : labels->items()) {
            if (value.is_string()) machine.labels[key] = value.get<std::string>();
        }
    }
    return machine;
}

}  // namespace

bool Machine::alive() const {
    return state != "created" && state != "stopped" && state != "failed";
}

std::string Machine::label(const std::string& key) const {
    const auto found = labels.find(key);
    return found == labels.end() ? std::string() : found->second;
}

std::optional<std::vector<Machine>> parse_machines(std::string_view text) {
    const Json document = Json::parse(text, nullptr, false);
    if (!document.is_array()) return std::nullopt;
    std::vector<Machine> machines;
    for (const Json& entry : document) {
        if (auto machine = machine_of(entry)) machines.push_back(std::move(*machine));
    }
    return machines;
}

std::optional<Machine> parse_machine(std::string_view text) {
    return machine_of(Json::parse(text, nullptr, false));
}

}  // namespace backend_smolmachines
