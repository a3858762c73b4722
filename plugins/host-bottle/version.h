// Version numbers as bwrap and the kernel write them: "0.8.0", "6.1.0-18-amd64".
#pragma once

#include <optional>
#include <string_view>

namespace host_bottle {

struct Version {
    int major = 0;
    int minor = 0;

    bool at_least(Version other) const {
        return major != other.major ? major > other.major : minor >= other.minor;
    }
};

// The first two numbers; nothing when the text does not begin with them.
std::optional<Version> parse_version(std::string_view text);

}  // namespace host_bottle
