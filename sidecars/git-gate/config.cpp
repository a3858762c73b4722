#include "git-gate/config.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "control/fields.h"

namespace botbottle::git_gate {
namespace {

using nlohmann::json;

constexpr std::string_view kSchema = "botbottle.git-gate/1";
constexpr std::string_view kScheme = "ssh://";
constexpr std::size_t kMaxName = 100;
constexpr std::size_t kMaxUrl = 2048;
constexpr std::size_t kMaxRepos = 1000;
constexpr std::uint64_t kLongestWait = 3600;

bool is_word(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
        return c > 0x20 && c < 0x7f && c != '\\' && c != '"' && c != '\'';
    });
}

// The manifest has checked it; what is held here is that no part of it can be read as an option or
// as a second word by git or ssh.
Result<void> take_url(Repo& repo, std::string url) {
    const auto wrong = [&] {
        return failure("bad_request", "repos: the url of " + repo.name + " is not usable");
    };
    if (!url.starts_with(kScheme) || url.size() > kMaxUrl || !is_word(url)) return wrong();
    const std::string_view rest = std::string_view(url).substr(kScheme.size());
    const auto slash = rest.find('/');
    if (slash == std::string_view::npos || rest.size() == slash + 1) return wrong();
    const std::string_view authority = rest.substr(0, slash);
    const auto at = authority.find('@');
    if (at == 0 || at == std::string_view::npos || authority[0] == '-') return wrong();
    std::string_view host = authority.substr(at + 1);
    std::string_view port;
    const auto bracket = host.find(']');
    const auto colon = host.find(':', bracket == std::string_view::npos ? 0 : bracket);
    if (colon != std::string_view::npos) {
        port = host.substr(colon + 1);
        host = host.substr(0, colon);
    }
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    const bool digits =
        std::all_of(port.begin(), port.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (host.empty() || host[0] == '-' || !digits || host.find_first_of("*?!,|") != host.npos)
        return wrong();
    repo.host_name = port.empty() || port == "22"
                         ? std::string(host)
                         : '[' + std::string(host) + "]:" + std::string(port);
    repo.authority = authority;
    repo.path = rest.substr(slash);
    repo.url = std::move(url);
    return {};
}

Result<bool> flag_member(const json& object, std::string_view name) {
    const auto found = object.find(name);
    if (found == object.end()) return false;
    if (!found->is_boolean())
        return failure("bad_request", std::string(name) + " is not a boolean");
    return found->get<bool>();
}

Result<std::vector<std::string>> globs_member(const json& object, std::string_view name) {
    std::vector<std::string> globs;
    const auto found = object.find(name);
    if (found == object.end()) return globs;
    if (!found->is_array())
        return failure("bad_request", "repos: " + std::string(name) + " must be a list");
    for (const json& glob : *found) {
        if (!glob.is_string()) return failure("bad_request", "repos: a glob must be a text");
        globs.push_back(glob.get<std::string>());
    }
    return globs;
}

Result<RepoRules> read_rules(const json& object) {
    if (!object.is_object()) return failure("bad_request", "repos: rules must be an object");
    if (auto known = control::only_members(
            object, {"branches", "force", "delete", "max_push_size", "paths", "dlp"});
        !known)
        return tl::make_unexpected(known.error());
    RepoRules rules;
    for (const auto& [name, target] :
         {std::pair{"branches", &rules.branches}, std::pair{"paths", &rules.paths}}) {
        auto globs = globs_member(object, name);
        if (!globs) return tl::make_unexpected(globs.error());
        *target = *std::move(globs);
    }
    if (object.contains("dlp")) {
        auto dlp = control::string_member(object, "dlp");
        if (!dlp || (*dlp != "block" && *dlp != "hold" && *dlp != "off"))
            return failure("bad_request", "repos: dlp is block, hold or off");
        rules.dlp = *std::move(dlp);
    }
    const auto force = flag_member(object, "force");
    if (!force) return tl::make_unexpected(force.error());
    const auto deletion = flag_member(object, "delete");
    if (!deletion) return tl::make_unexpected(deletion.error());
    rules.force = *force;
    rules.deletion = *deletion;
    if (object.contains("max_push_size")) {
        const auto size = control::number_member(object, "max_push_size");
        if (!size) return tl::make_unexpected(size.error());
        rules.max_push_bytes = *size;
    }
    return rules;
}

Result<Repo> read_repo(const json& object) {
    if (!object.is_object()) return failure("bad_request", "repos: an entry must be an object");
    if (auto known = control::only_members(object, {"name", "url", "host_key", "rules"}); !known)
        return tl::make_unexpected(known.error());
    Repo repo;
    auto name = control::string_member(object, "name");
    if (!name) return tl::make_unexpected(name.error());
    if (!is_repo_name(*name)) return failure("bad_request", "repos: a name is not usable");
    repo.name = *std::move(name);
    auto url = control::string_member(object, "url");
    if (!url) return tl::make_unexpected(url.error());
    if (auto taken = take_url(repo, *std::move(url)); !taken)
        return tl::make_unexpected(taken.error());
    auto key = control::string_member(object, "host_key");
    if (!key) return tl::make_unexpected(key.error());
    const auto space = key->find(' ');
    if (!key->empty() && (space == std::string::npos || !is_word(key->substr(0, space)) ||
                          !is_word(key->substr(space + 1))))
        return failure("bad_request", "repos: the host_key of " + repo.name + " is not usable");
    repo.host_key = *std::move(key);
    if (const auto rules = object.find("rules"); rules != object.end()) {
        auto read = read_rules(*rules);
        if (!read) return tl::make_unexpected(read.error());
        repo.rules = *std::move(read);
    }
    return repo;
}

}  // namespace

bool is_repo_name(std::string_view name) noexcept {
    const auto allowed = [](unsigned char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '.' || c == '_' || c == '-';
    };
    return !name.empty() && name.size() <= kMaxName && name[0] != '.' && name[0] != '-' &&
           std::all_of(name.begin(), name.end(), allowed);
}

Result<Config> parse_config(json& params) {
    if (auto known =
            control::only_members(params, {"schema", "identity", "directory", "repos", "keys",
                                           "secrets", "scan_rules", "ask_seconds"});
        !known)
        return tl::make_unexpected(known.error());
    const auto schema = control::string_member(params, "schema");
    if (!schema || *schema != kSchema)
        return failure("bad_schema", "schema must be " + std::string(kSchema));
    Config config;
    auto identity = control::string_member(params, "identity");
    if (!identity) return tl::make_unexpected(identity.error());
    config.identity = *std::move(identity);
    auto directory = control::string_member(params, "directory");
    if (!directory || directory->empty() || directory->front() != '/')
        return failure("bad_request", "directory must be an absolute path");
    config.directory = *std::move(directory);
    auto keys = control::take_secrets(params, "keys");
    if (!keys) return tl::make_unexpected(keys.error());
    auto secrets = control::take_secrets(params, "secrets");
    if (!secrets) return tl::make_unexpected(secrets.error());
    config.secrets = *std::move(secrets);
    if (params.contains("scan_rules")) {
        auto rules = control::string_member(params, "scan_rules");
        if (!rules) return tl::make_unexpected(rules.error());
        config.scan_rules = *std::move(rules);
    }
    if (params.contains("ask_seconds")) {
        const auto seconds = control::number_member(params, "ask_seconds");
        if (!seconds || *seconds > kLongestWait)
            return failure("bad_request", "ask_seconds is out of range");
        config.ask_seconds = *seconds;
    }
    const auto repos = params.find("repos");
    if (repos == params.end() || !repos->is_array() || repos->empty() || repos->size() > kMaxRepos)
        return failure("bad_request", "repos must be a list of 1 to 1000");
    for (const json& object : *repos) {
        auto repo = read_repo(object);
        if (!repo) return tl::make_unexpected(repo.error());
        const auto key = keys->find(repo->name);
        if (key == keys->end() || key->second.empty())
            return failure("bad_request", "keys: there is none for " + repo->name);
        const bool twice = std::any_of(config.repos.begin(), config.repos.end(),
                                       [&](const Repo& other) { return other.name == repo->name; });
        if (twice) return failure("bad_request", "repos: two are called " + repo->name);
        repo->key = std::move(key->second);
        keys->erase(key);
        config.repos.push_back(*std::move(repo));
    }
    if (!keys->empty()) return failure("bad_request", "keys: one belongs to no repo");
    return config;
}

}  // namespace botbottle::git_gate
