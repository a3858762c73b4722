// Config: what `start` says (docs/control-protocol.md), checked.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/secret.h"

namespace botbottle::git_gate {

struct RepoRules {
    std::vector<std::string> branches;  // globs; empty: every branch and tag
    bool force = false;
    bool deletion = false;
    std::uint64_t max_push_bytes = std::uint64_t{1} << 30;
    std::vector<std::string> paths;  // globs of files whose change needs an approval
    std::string dlp = "block";       // or "hold", or "off"
};

struct Repo {
    std::string name;
    std::string url;        // ssh://user@host[:port]/path
    std::string authority;  // user@host[:port], for the record
    std::string path;
    std::string host_name;  // as known_hosts has it: "host" or "[host]:port"
    std::string host_key;   // "type base64"; empty: nothing is fetched or pushed
    RepoRules rules;
    Secret key;
};

// The bottle's credentials by slot, which no push may hold.
using Secrets = std::map<std::string, Secret>;

struct Config {
    std::string identity;
    std::string directory;  // of the mirrors: absolute, ours alone
    std::vector<Repo> repos;
    Secrets secrets;
    std::string scan_rules;  // the operator's own
    // How long a push waits for the operator; nothing: nobody can be asked.
    std::optional<std::uint64_t> ask_seconds;
};

// Takes the keys and secrets out of `params`.
Result<Config> parse_config(nlohmann::json& params);

// Whether a name may stand in a path and a URL: at most 100 letters, digits, ".", "_", "-", not
// beginning with "." or "-".
bool is_repo_name(std::string_view name) noexcept;

}  // namespace botbottle::git_gate
