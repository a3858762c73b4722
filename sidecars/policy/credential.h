// Credentials: the header that carries a route's secret. Pure; called once when a secret is set,
// not per request.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "base/secret.h"
#include "policy/policy.h"

namespace botbottle::policy {

struct CredentialHeader {
    std::string name;
    Secret value;
};

// A credential that goes into the query. It has one spelling: all but unreserved characters
// encoded.
struct CredentialParameter {
    std::string name;
    Secret value;
};

// The header that a route's credential goes under (empty: it goes into the query); also what is
// stripped from the agent's request.
std::string_view credential_header_name(const Auth& auth) noexcept;

// `Basic <base64 of username:password>` (RFC 7617).
Secret basic_credentials(std::string_view username, const Secret& password);

// Both refuse an empty secret and one with control bytes; the message never repeats the value.
Result<CredentialHeader> credential_header(const Auth& auth, const Secret& secret);
Result<CredentialParameter> credential_parameter(const Auth& auth, const Secret& secret);

// `target` without any parameter that an origin could read as `name`: in any case, escaped, after
// blanks, before a bracket, between ampersands or semicolons. Nothing else changes.
std::string without_parameter(std::string_view target, std::string_view name);

// `target` with the credential as the last parameter of its query.
std::string with_parameter(std::string_view target, const CredentialParameter& credential);

}  // namespace botbottle::policy
