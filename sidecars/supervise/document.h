// JSON that an agent wrote, read with its bounds looked at first.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace botbottle::supervise {

using Json = nlohmann::json;

// Nothing for what is not JSON, or is nested deeper than kMaxDepth: a value that deep would
// overflow the stack of whoever copies or writes it.
std::optional<Json> parse_document(std::string_view text);

// ASCII alone, every other character escaped: the text can go into any file, log or terminal.
std::string write_document(const Json& document);

}  // namespace botbottle::supervise
