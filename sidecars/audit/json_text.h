// Text as a JSON string, appended.
#pragma once

#include <string>
#include <string_view>

namespace botbottle::audit {

// With its quotes. Control bytes and bytes that are not ASCII are escaped (\u00XX), so that a line
// is one line in any viewer and no terminal sequence comes through.
void append_json_string(std::string& out, std::string_view text);

}  // namespace botbottle::audit
