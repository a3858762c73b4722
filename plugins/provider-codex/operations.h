// The two operations of the plugin, as functions from a request to a reply.
#pragma once

#include <nlohmann/json_fwd.hpp>

namespace provider_codex {

nlohmann::json provision(const nlohmann::json& request);
nlohmann::json command_line(const nlohmann::json& request);

}  // namespace provider_codex
