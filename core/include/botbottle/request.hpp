// request.hpp - optional: reading the requests of the ABI with nlohmann-json (json.hpp, 3.11 or
// later). A missing or mistyped member is the caller's mistake, and the error says which one.
//
// Every function throws OperationError (BOTBOTTLE_INVALID_REQUEST), which plugin.hpp turns into the
// error document that the host reads.
#ifndef BOTBOTTLE_REQUEST_HPP
#define BOTBOTTLE_REQUEST_HPP

#include <botbottle/plugin.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace botbottle::plugin {

[[noreturn]] inline void reject_request(const std::string& message) {
    throw OperationError(BOTBOTTLE_INVALID_REQUEST, "invalid_request", message);
}

inline nlohmann::json parse_request(std::string_view text) {
    nlohmann::json request = nlohmann::json::parse(text, nullptr, false);
    if (!request.is_object()) reject_request("the request is not a JSON object");
    return request;
}

inline const nlohmann::json& member(const nlohmann::json& object, const char* name) {
    const auto found = object.find(name);
    if (found == object.end()) reject_request(std::string("the request lacks \"") + name + '"');
    return *found;
}

// A member that is a string and not empty.
inline std::string text_member(const nlohmann::json& object, const char* name) {
    const nlohmann::json& value = member(object, name);
    if (!value.is_string() || value.get_ref<const std::string&>().empty())
        reject_request(std::string("\"") + name + "\" must be a string that is not empty");
    return value.get<std::string>();
}

// Empty when the member is missing or null.
inline std::string optional_text(const nlohmann::json& object, const char* name) {
    const auto found = object.find(name);
    if (found == object.end() || found->is_null()) return {};
    if (!found->is_string()) reject_request(std::string("\"") + name + "\" must be a string");
    return found->get<std::string>();
}

// False when the member is missing.
inline bool flag(const nlohmann::json& object, const char* name) {
    const auto found = object.find(name);
    if (found == object.end()) return false;
    if (!found->is_boolean()) reject_request(std::string("\"") + name + "\" must be true or false");
    return found->get<bool>();
}

// Empty when the member is missing.
inline std::vector<std::string> strings(const nlohmann::json& object, const char* name) {
    std::vector<std::string> list;
    const auto found = object.find(name);
    if (found == object.end()) return list;
    const auto wrong = [name] {
        reject_request(std::string("\"") + name + "\" must be a list of strings");
    };
    if (!found->is_array()) wrong();
    for (const nlohmann::json& item : *found) {
        if (!item.is_string()) wrong();
        list.push_back(item.get<std::string>());
    }
    return list;
}

}  // namespace botbottle::plugin

#endif  // BOTBOTTLE_REQUEST_HPP
