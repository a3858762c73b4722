// The host's login, judged, and what the bottle gets instead of it. Pure: text and time in, text
// out.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace provider_codex {

// The bottle's auth.json for the host's `content`, as docs/decisions/0017 describes it: an
// allowlist, so that whatever a later version of Codex writes there stays outside.
//
// Throws OperationError (`credentials_unusable`) with the exact reason when the host's file is no
// ChatGPT login that can be used at `now` (seconds since 1970). `path` is for the message.
std::string guest_auth_file(std::string_view content, const std::string& path, std::int64_t now);

// The bottle's auth.json for a login with an API key, which the egress puts on.
std::string api_key_auth_file();

// Throws the error with what mends it: logging in on the host.
[[noreturn]] void reject_credentials(const std::string& path, const std::string& why);

}  // namespace provider_codex
