// The keys that this version reads and checks but does not act upon yet.
//
// A key that is accepted is a key that is enforced, so each of them is refused when it asks for
// something. Whoever makes one hold deletes its line in not_enforced.cpp, and nothing else: its
// value is in the structs of manifest.h, and the tests take the table as they find it.
#pragma once

#include <string_view>

namespace botbottle {

// Why `path` ("egress.routes[].dlp") cannot be used yet, and what to do; nullptr when it is
// enforced.
const char* not_enforced(std::string_view path);

}  // namespace botbottle
