// What ssh and git say of an upstream, in our words.
#include <array>
#include <string>

#include "git-gate/mirror.h"

namespace botbottle::git_gate {
namespace {

struct Known {
    std::string_view says;
    const char* code;
    const char* message;
    const char* hint;
};

// In order: ssh often ends with a line that says less than one before it.
constexpr std::array<Known, 15> kKnown = {{
    {"Host key verification failed", "host_key", "the host does not show the key that is declared",
     "if the host's key was changed on purpose, the operator declares the new one (host_key); else "
     "somebody may be in between"},
    {"no matching host key type", "host_key", "the host has no key of the declared type",
     "the operator declares a key that the host has (host_key)"},
    {"Permission denied (", "key_refused", "the upstream does not accept the repo's key",
     "the operator checks the repo's key (identity) and its access"},
    {"invalid format", "key_unusable", "the repo's key cannot be read",
     "the operator checks the file that `identity` names"},
    {"error in libcrypto", "key_unusable", "the repo's key cannot be read",
     "the operator checks the file that `identity` names; a key with a passphrase is of no use "
     "here"},
    {"incorrect passphrase", "key_unusable", "the repo's key has a passphrase",
     "the operator names a key without one, which opens this repo alone"},
    {"Could not resolve hostname", "unreachable", "the upstream's name cannot be resolved",
     "try again later"},
    {"Connection refused", "unreachable", "the upstream refuses the connection", "try again later"},
    {"timed out", "unreachable", "the upstream does not answer", "try again later"},
    {"No route to host", "unreachable", "there is no way to the upstream", "try again later"},
    {"Network is unreachable", "unreachable", "there is no way to the upstream", "try again later"},
    {"stale info", "moved", "the upstream has moved meanwhile",
     "fetch, merge or rebase, and push again"},
    {"does not support --atomic", "no_atomic",
     "the upstream cannot take several refs all or nothing", "push one ref at a time"},
    {"rejected]", "rejected", "the upstream rejected it", "its words are above"},
    {"does not appear to be a git repo", "not_found", "the upstream has no such repository",
     "the operator checks the repo's url and the key's access"},
}};

std::string last_line(std::string_view output) {
    std::string line;
    while (!output.empty() && line.empty()) {
        const auto end = output.find_last_of("\r\n");
        line = output.substr(end == std::string_view::npos ? 0 : end + 1);
        output = output.substr(0, end == std::string_view::npos ? 0 : end);
    }
    constexpr std::size_t kLongest = 300;
    line.resize(std::min(line.size(), kLongest));
    for (char& c : line)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
    return line;
}

}  // namespace

Error explain_upstream(const Repo& repo, std::string_view output) {
    for (const Known& known : kKnown)
        if (output.find(known.says) != std::string_view::npos)
            return {known.code, repo.name + " (" + repo.authority + "): " + known.message,
                    known.hint};
    return {"upstream", repo.name + " (" + repo.authority + "): " + last_line(output),
            "try again later"};
}

}  // namespace botbottle::git_gate
