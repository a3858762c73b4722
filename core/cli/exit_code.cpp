#include "cli/exit_code.h"

#include <string_view>

namespace botbottle::cli {

ExitCode exit_code_for(const Error& error, ExitCode otherwise) {
    static constexpr struct {
        std::string_view code;
        ExitCode exit;
    } kCodes[] = {
        {"interrupted", kInterrupted},
        {"usage", kUsage},
        {"unknown_agent", kUsage},
        {"unknown_identity", kUsage},
        {"needs_an_answer", kUsage},
        {"manifest_invalid", kInvalidManifest},
        {"settings_invalid", kInvalidManifest},
        {"unknown_bottle", kInvalidManifest},
        {"extends_cycle", kInvalidManifest},
        {"unknown_skill", kInvalidManifest},
        {"env_conflict", kInvalidManifest},
        {"upstream_ca_unreadable", kInvalidManifest},
        {"scan_rules_unreadable", kInvalidManifest},
        {"scan_rules_invalid", kInvalidManifest},
        {"no_backend", kNoBackend},
    };
    for (const auto& entry : kCodes) {
        if (error.code == entry.code) return entry.exit;
    }
    return otherwise;
}

}  // namespace botbottle::cli
