// Reading the members of a message strictly: what is missing, of the wrong type or unknown is an
// error that names it and never quotes a value.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/secret.h"

namespace botbottle::control {

// An error for the first member of `object` that is not in `names`.
Result<void> only_members(const nlohmann::json& object,
                          std::initializer_list<std::string_view> names);

Result<std::string> string_member(const nlohmann::json& object, std::string_view name);
Result<std::uint64_t> number_member(const nlohmann::json& object, std::string_view name);

// Moves the text of a member into a Secret and wipes it in the document.
Result<Secret> take_secret(nlohmann::json& object, std::string_view name);

// The same for an object {name: text}; a missing member is an empty map.
Result<std::map<std::string, Secret>> take_secrets(nlohmann::json& object, std::string_view name);

// The way out again: a document that carries the secrets in plain text. Send it and let it go.
nlohmann::json secrets_to_json(const std::map<std::string, Secret>& secrets);

}  // namespace botbottle::control
