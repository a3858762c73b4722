// Git over HTTPS: which requests push and which fetch, whatever their spelling.
#pragma once

#include <cstdint>
#include <string_view>

namespace botbottle::policy {

enum class GitService : std::uint8_t { kNone, kFetch, kPush };

// Of a canonical path and a raw query. Smart HTTP: a last segment git-receive-pack or
// git-upload-pack, or `service=` with that name; the dumb protocol begins with info/refs. Percent
// escapes are seen through to the end and case is ignored: an origin that decodes more than once is
// not a way around.
GitService git_service(std::string_view path, std::string_view query);

}  // namespace botbottle::policy
