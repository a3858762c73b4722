// Policies for the tests of this room.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "policy/policy.h"

namespace botbottle::policy::testing {

// A document with these routes (a JSON list).
std::string document_with(std::string_view routes);

Result<std::shared_ptr<const PolicySnapshot>> read(std::string_view document);

// As above, of a document that must be good.
std::shared_ptr<const PolicySnapshot> snapshot_of(std::string_view routes);

}  // namespace botbottle::policy::testing
