#include "warden/launch_request.h"

#include <sys/un.h>

#include <algorithm>
#include <limits>
#include <string_view>
#include <utility>

#include "control/fields.h"
#include "warden/runtime_directory.h"

namespace botbottle::warden {
namespace {

using nlohmann::json;

constexpr std::string_view kSchema = "botbottle.warden/1";
constexpr std::size_t kMaxIdentity = 64;

bool is_identity(std::string_view text) {
    const auto allowed = [](unsigned char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '_' || c == '.';
    };
    return !text.empty() && text.size() <= kMaxIdentity && text[0] != '.' && text[0] != '-' &&
           std::all_of(text.begin(), text.end(), allowed);
}

Result<std::string> path_member(const json& params, std::string_view name) {
    auto path = control::string_member(params, name);
    if (!path) return path;
    const auto is_control = [](unsigned char c) { return c < 0x20 || c == 0x7f; };
    if (path->empty() || path->front() != '/' ||
        std::any_of(path->begin(), path->end(), is_control))
        return failure("bad_request", std::string(name) + " must be an absolute path");
    return path;
}

Result<std::optional<Owner>> owner_member(const json& params) {
    const auto found = params.find("owner");
    if (found == params.end() || found->is_null()) return std::optional<Owner>();
    if (!found->is_object()) return failure("bad_request", "owner must be an object or null");
    if (auto known = control::only_members(*found, {"uid", "gid"}); !known)
        return tl::make_unexpected(known.error());
    const auto uid = control::number_member(*found, "uid");
    if (!uid) return tl::make_unexpected(uid.error());
    const auto gid = control::number_member(*found, "gid");
    if (!gid) return tl::make_unexpected(gid.error());
    // The largest value means "no change" to chown.
    constexpr auto kNone = std::numeric_limits<uid_t>::max();
    if (*uid >= kNone || *gid >= kNone)
        return failure("bad_request", "owner.uid or owner.gid is out of range");
    return Owner{static_cast<uid_t>(*uid), static_cast<gid_t>(*gid)};
}

Result<CredentialFile> credential_file(const json& object) {
    if (!object.is_object()) return failure("bad_request", "a credential file is an object");
    if (auto known = control::only_members(object, {"slot", "path", "pointer", "expiry", "renew"});
        !known)
        return tl::make_unexpected(known.error());
    CredentialFile file;
    auto path = path_member(object, "path");
    if (!path) return tl::make_unexpected(path.error());
    file.path = *std::move(path);
    for (const auto& [name, target] :
         {std::pair{"slot", &file.slot}, std::pair{"pointer", &file.pointer},
          std::pair{"renew", &file.renew}}) {
        auto text = control::string_member(object, name);
        if (!text) return tl::make_unexpected(text.error());
        *target = *std::move(text);
    }
    if (!is_json_pointer(file.pointer))
        return failure("bad_request", "pointer is not a JSON pointer (RFC 6901)");
    const auto expiry = object.find("expiry");
    if (expiry != object.end() && !expiry->is_null()) {
        if (*expiry != "jwt") return failure("bad_request", "expiry must be \"jwt\" or null");
        file.jwt = true;
    }
    return file;
}

Result<std::vector<CredentialFile>> credential_files_member(const json& params) {
    std::vector<CredentialFile> files;
    const auto found = params.find("credential_files");
    if (found == params.end()) return files;
    if (!found->is_array()) return failure("bad_request", "credential_files must be a list");
    for (const json& object : *found) {
        auto file = credential_file(object);
        if (!file) return tl::make_unexpected(file.error());
        files.push_back(*std::move(file));
    }
    return files;
}

Result<std::optional<Supervision>> supervise_member(const json& params) {
    const auto found = params.find("supervise");
    if (found == params.end() || found->is_null()) return std::optional<Supervision>();
    if (!found->is_object()) return failure("bad_request", "supervise must be an object or null");
    if (auto known = control::only_members(
            *found, {"queue_dir", "response_timeout_s", "expiry_s", "dockerfile"});
        !known)
        return tl::make_unexpected(known.error());
    auto queue = path_member(*found, "queue_dir");
    if (!queue) return tl::make_unexpected(queue.error());
    const auto response = control::number_member(*found, "response_timeout_s");
    if (!response) return tl::make_unexpected(response.error());
    const auto expiry = control::number_member(*found, "expiry_s");
    if (!expiry) return tl::make_unexpected(expiry.error());
    json dockerfile;
    if (const auto text = found->find("dockerfile"); text != found->end()) dockerfile = *text;
    if (!dockerfile.is_null() && !dockerfile.is_string())
        return failure("bad_request", "supervise.dockerfile must be a string or null");
    return Supervision{*std::move(queue), *response, *expiry, std::move(dockerfile)};
}

Result<void> check_socket_paths(const std::string& runtime_dir) {
    const std::string longest = socket_path(runtime_dir, "supervise.sock");
    if (longest.size() < sizeof(sockaddr_un::sun_path)) return {};
    return failure("runtime_dir_too_long",
                   "a socket in " + runtime_dir + " would have a path of more than " +
                       std::to_string(sizeof(sockaddr_un::sun_path) - 1) + " bytes",
                   "set XDG_RUNTIME_DIR to a shorter directory");
}

}  // namespace

Result<LaunchRequest> parse_launch_request(json& params) {
    const auto known = control::only_members(
        params, {"schema", "identity", "runtime_dir", "audit_file", "libexec_dir", "owner",
                 "policy", "secrets", "credential_files", "git_gate", "git_keys", "supervise"});
    if (!known) return tl::make_unexpected(known.error());
    const auto schema = control::string_member(params, "schema");
    if (!schema || *schema != kSchema)
        return failure("bad_schema", "schema must be " + std::string(kSchema),
                       "the command line and the warden are of different versions");
    LaunchRequest request;
    auto identity = control::string_member(params, "identity");
    if (!identity || !is_identity(*identity))
        return failure("bad_request", "identity must be 1 to 64 of a-z, A-Z, 0-9, '-', '_', '.'");
    request.identity = *std::move(identity);
    for (const auto& [name, target] : {std::pair{"runtime_dir", &request.runtime_dir},
                                       std::pair{"audit_file", &request.audit_file},
                                       std::pair{"libexec_dir", &request.libexec_dir}}) {
        auto path = path_member(params, name);
        if (!path) return tl::make_unexpected(path.error());
        *target = *std::move(path);
    }
    if (auto fits = check_socket_paths(request.runtime_dir); !fits)
        return tl::make_unexpected(fits.error());
    const auto owner = owner_member(params);
    if (!owner) return tl::make_unexpected(owner.error());
    request.owner = *owner;
    const auto policy = params.find("policy");
    if (policy == params.end() || !policy->is_object())
        return failure("bad_request", "policy must be an object",
                       "a bottle without routes has a policy with an empty list of them");
    request.policy = std::move(*policy);
    auto secrets = control::take_secrets(params, "secrets");
    if (!secrets) return tl::make_unexpected(secrets.error());
    request.secrets = *std::move(secrets);
    auto keys = control::take_secrets(params, "git_keys");
    if (!keys) return tl::make_unexpected(keys.error());
    request.git_keys = *std::move(keys);
    if (const auto gate = params.find("git_gate"); gate != params.end() && !gate->is_null()) {
        if (!gate->is_object()) return failure("bad_request", "git_gate must be an object or null");
        if (auto members = control::only_members(*gate, {"directory", "repos"}); !members)
            return tl::make_unexpected(members.error());
        request.git_gate = std::move(*gate);
    }
    if (request.git_gate.is_null() && !request.git_keys.empty())
        return failure("bad_request", "git_keys are given without git_gate");
    auto files = credential_files_member(params);
    if (!files) return tl::make_unexpected(files.error());
    request.credential_files = *std::move(files);
    auto supervision = supervise_member(params);
    if (!supervision) return tl::make_unexpected(supervision.error());
    request.supervision = *std::move(supervision);
    for (const CredentialFile& file : request.credential_files) {
        if (!request.secrets.contains(file.slot))
            return failure("bad_request", "credential_files: there is no secret " + file.slot);
    }
    return request;
}

std::uint64_t policy_revision(const json& policy) {
    return control::number_member(policy, "revision").value_or(0);
}

}  // namespace botbottle::warden
