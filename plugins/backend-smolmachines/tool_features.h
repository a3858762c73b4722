// What a smolvm can do, by its own word: the version that it prints, and the flags that its help
// names. Several releases come out in a week, so a flag is looked for, not derived from a number.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace backend_smolmachines {

struct SmolvmVersion {
    int major = 0;
    int minor = 0;
    int patch = 0;

    auto operator<=>(const SmolvmVersion&) const = default;
    std::string text() const;
};

// Of "smolvm 1.9.3"; nothing when the text is something else.
std::optional<SmolvmVersion> parse_smolvm_version(std::string_view text);

// Below: refused. The oldest whose labels and mounted sockets can be relied on.
constexpr SmolvmVersion kOldest = {1, 8, 1};
// Below: works, with a warning.
constexpr SmolvmVersion kSupported = {1, 9, 0};

struct Features {
    bool mount_socket = false;  // create --mount-socket
    bool label = false;         // create --label
    bool detach = false;        // exec -d
    bool user = false;          // exec --user
    bool interceptor = false;   // start --egress-interceptor; not used, shown by doctor
};

// Whether a help text names that flag, as a word of its own.
bool names_flag(std::string_view help, std::string_view flag);

Features features_of(std::string_view create_help, std::string_view start_help,
                     std::string_view exec_help);

// The first thing that is needed and not there, by its flag; empty when all is.
std::string missing_feature(const Features& features);

}  // namespace backend_smolmachines
