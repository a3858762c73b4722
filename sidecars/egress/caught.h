// Caught: why a request may not go on after it was scanned, in words that hold nothing of what was
// found.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "scan/stream.h"

namespace botbottle::egress {

struct Caught {
    std::string rule;    // of the scanner's table, "scan-budget", "scan-engine", "scan-encoding"
    std::string reason;  // what and where
    std::string_view hint;
    bool operator==(const Caught&) const = default;
};

inline constexpr std::string_view kLeaveItOut =
    "send it without the secret; where a conversation already holds it, start a new one; whoever "
    "must send it asks the operator (dlp: off for the route)";
inline constexpr std::string_view kSendItPlain =
    "send it without layers of encoding, or ask the operator (dlp: off for the route)";

// `place` is for people: "the request's body"; `offset` counts in it.
Caught caught_at(const scan::Finding& finding, std::string_view place,
                 std::optional<std::uint64_t> offset);

// A body that cannot be looked into.
Caught cannot_decode(std::string reason);

}  // namespace botbottle::egress
