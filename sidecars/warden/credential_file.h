// A credential that stands in a JSON file of the operator's: where, how long it is good, and what
// renews it. Reading one is pure: text and time in, value out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/secret.h"

namespace botbottle::warden {

struct CredentialFile {
    std::string slot;
    std::string path;
    std::string pointer;  // RFC 6901
    bool jwt = false;     // good until the "exp" of the JWT that it is
    std::string renew;    // the host command
};

bool is_json_pointer(std::string_view text);

// The claim "exp" (RFC 7519 4.1.4) of a JWT, seconds since 1970; nullopt when there is none.
std::optional<std::int64_t> jwt_expiry(std::string_view token);

// The string at `pointer`. The error never quotes the text.
Result<Secret> credential_at(std::string_view text, const std::string& pointer);

}  // namespace botbottle::warden
