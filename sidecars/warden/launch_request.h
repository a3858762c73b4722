// LaunchRequest: what `start` says, checked. Paths are absolute and can be bound and connected to;
// the policy itself is the egress's to judge.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/secret.h"
#include "warden/credential_file.h"

namespace botbottle::warden {

// The user that the bottle's processes run as, when that is not the warden's own.
struct Owner {
    uid_t uid;
    gid_t gid;
};

// That the agent may ask for what it lacks, and where its proposals are kept.
struct Supervision {
    std::string queue_dir;
    std::uint64_t response_timeout_s = 0;
    std::uint64_t expiry_s = 0;
    nlohmann::json dockerfile;  // the image's, as text, where it can be built anew; else null
};

// NOLINTNEXTLINE(bugprone-exception-escape): moving a JSON document throws only by its declaration
struct LaunchRequest {
    std::string identity;
    std::string runtime_dir;
    std::string audit_file;
    std::string libexec_dir;
    std::optional<Owner> owner;
    nlohmann::json policy;
    std::map<std::string, Secret> secrets;
    // {directory, repos} for the git-gate, which judges them; null for a bottle without repos.
    nlohmann::json git_gate;
    std::map<std::string, Secret> git_keys;
    std::vector<CredentialFile> credential_files;  // of slots that are in `secrets`
    std::optional<Supervision> supervision;
};

// Takes the secrets out of `params`.
Result<LaunchRequest> parse_launch_request(nlohmann::json& params);

// The revision that a policy document claims, 0 when it claims none.
std::uint64_t policy_revision(const nlohmann::json& policy);

}  // namespace botbottle::warden
