// JSON Web Tokens (RFC 7519) without signatures: reading the claims of one, and writing one that is
// good for nothing but being read.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace provider_codex {

// JSON from outside. nullopt: not JSON, or nested deeper than any login is; what passes can be
// copied without fear for the stack.
std::optional<nlohmann::json> parse_shallow(std::string_view text);

// The claims of a token of three base64url parts, nullopt when it is none. The signature is not
// looked at: who made the token is the server's business.
std::optional<nlohmann::json> jwt_claims(std::string_view token);

// `alg` none, signature "placeholder".
std::string unsigned_jwt(const nlohmann::json& claims);

}  // namespace provider_codex
