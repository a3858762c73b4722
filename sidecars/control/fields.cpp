// Reading the members of a message strictly.
#include "control/fields.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

namespace botbottle::control {
namespace {

using Json = nlohmann::json;

tl::unexpected<Error> wrong(std::string_view name, std::string_view expected) {
    return failure("bad_request", std::string(name) + " must be " + std::string(expected));
}

Secret take(Json& text) {
    auto& bytes = text.get_ref<std::string&>();
    Secret secret(bytes);
    wipe_memory(bytes.data(), bytes.size());
    return secret;
}

}  // namespace

Result<void> only_members(const Json& object, std::initializer_list<std::string_view> names) {
    for (const auto& [name, value] : object.items())
        if (std::find(names.begin(), names.end(), name) == names.end())
            return failure("bad_request", "unknown member " + name);
    return {};
}

Result<std::string> string_member(const Json& object, std::string_view name) {
    const auto found = object.find(name);
    if (found == object.end() || !found->is_string()) return wrong(name, "a string");
    return found->get<std::string>();
}

Result<std::uint64_t> number_member(const Json& object, std::string_view name) {
    const auto found = object.find(name);
    // A document that was parsed holds unsigned numbers; one that was built in C++ may not.
    if (found == object.end() || !found->is_number_integer() ||
        (!found->is_number_unsigned() && found->get<std::int64_t>() < 0))
        return wrong(name, "a number that is not negative");
    return found->get<std::uint64_t>();
}

Result<Secret> take_secret(Json& object, std::string_view name) {
    const auto found = object.find(name);
    if (found == object.end() || !found->is_string()) return wrong(name, "a string");
    return take(*found);
}

Result<std::map<std::string, Secret>> take_secrets(Json& object, std::string_view name) {
    std::map<std::string, Secret> secrets;
    const auto found = object.find(name);
    if (found == object.end()) return secrets;
    if (!found->is_object()) return wrong(name, "an object of strings");
    for (auto& [slot, value] : found->items()) {
        if (!value.is_string()) return wrong(std::string(name) + "." + slot, "a string");
        secrets.emplace(slot, take(value));
    }
    return secrets;
}

Json secrets_to_json(const std::map<std::string, Secret>& secrets) {
    Json document = Json::object();
    for (const auto& [slot, secret] : secrets)
        document[slot] = std::string(secret.reveal());
    return document;
}

}  // namespace botbottle::control
