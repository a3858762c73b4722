#include "tool_features.h"

#include <cctype>
#include <charconv>

namespace backend_smolmachines {
namespace {

bool is_word(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_';
}

bool take_number(std::string_view& text, int& into) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), into);
    if (error != std::errc() || into < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return true;
}

bool take_dot(std::string_view& text) {
    if (!text.starts_with('.')) return false;
    text.remove_prefix(1);
    return true;
}

}  // namespace

std::string SmolvmVersion::text() const {
    return std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(patch);
}

std::optional<SmolvmVersion> parse_smolvm_version(std::string_view text) {
    constexpr std::string_view kName = "smolvm ";
    if (!text.starts_with(kName)) return std::nullopt;
    text.remove_prefix(kName.size());
    SmolvmVersion version;
    if (!take_number(text, version.major) || !take_dot(text) || !take_number(text, version.minor) ||
        !take_dot(text) || !take_number(text, version.patch))
        return std::nullopt;
    // "1.9.3-rc1" and a line end may follow, another digit group may not.
    if (!text.empty() &&
        (text.front() == '.' || std::isalnum(static_cast<unsigned char>(text.front())) != 0))
        return std::nullopt;
    return version;
}

bool names_flag(std::string_view help, std::string_view flag) {
    for (std::size_t at = help.find(flag); at != std::string_view::npos;
         at = help.find(flag, at + 1)) {
        const bool begins = at == 0 || !is_word(help[at - 1]);
        const std::size_t end = at + flag.size();
        if (begins && (end == help.size() || !is_word(help[end]))) return true;
    }
    return false;
}

Features features_of(std::string_view create_help, std::string_view start_help,
                     std::string_view exec_help) {
    Features features;
    features.mount_socket = names_flag(create_help, "--mount-socket");
    features.label = names_flag(create_help, "--label");
    features.detach = names_flag(exec_help, "-d");
    features.user = names_flag(exec_help, "--user");
    features.interceptor = names_flag(start_help, "--egress-interceptor");
    return features;
}

std::string missing_feature(const Features& features) {
    if (!features.mount_socket) return "machine create --mount-socket";
    if (!features.label) return "machine create --label";
    if (!features.detach) return "machine exec -d";
    return {};
}

}  // namespace backend_smolmachines
