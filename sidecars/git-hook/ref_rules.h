// What a repo's rules say about the refs of a push and the files that it changes. Pure.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace botbottle::git_hook {

struct RefUpdate {
    std::string old_id;
    std::string new_id;
    std::string ref;
    bool creates() const noexcept { return old_id.find_first_not_of('0') == std::string::npos; }
    bool deletes() const noexcept { return new_id.find_first_not_of('0') == std::string::npos; }
};

// What becomes of a push in which something was found.
enum class OnFinding { kRefuse, kAsk, kNotLookedFor };

struct Rules {
    std::string repo;
    std::vector<std::string> branches;  // empty: every branch and tag
    bool force = false;
    bool deletion = false;
    std::set<std::string> created;        // refs that this agent has made itself
    std::vector<std::string> paths = {};  // globs of files whose change the operator is asked about
    OnFinding on_finding = OnFinding::kRefuse;
};

struct Refusal {
    std::string rule;    // "branch_not_allowed", …
    std::string reason;  // for the agent; names a ref, never what the scanner found
    std::string hint;
};

// A line of git's: "old new ref". Nothing when it is none.
std::optional<RefUpdate> read_update(std::string_view line);

// Whether a glob covers the whole of a name: `*` and `?` stop at "/", `**` does not, `[…]` is one
// character of a set.
bool matches(std::string_view glob, std::string_view name);

// The first of the globs that covers the file or a folder that it lies in; null for none. One that
// `leads_elsewhere` (a symlink, a submodule) is covered also where the folder of the glob would be:
// what is seen through it lies at a path that no glob names.
const std::string* glob_of(const std::vector<std::string>& globs, std::string_view path,
                           bool leads_elsewhere = false);

// Without the history: which refs may be touched, made and deleted. Globs are matched against the
// branch's name; one that begins with "refs/" against the whole ref, so that tags can be named.
std::optional<Refusal> judge_ref(const Rules& rules, const RefUpdate& update);

// When the update is no fast-forward, or moves a tag.
std::optional<Refusal> judge_rewrite(const Rules& rules, const RefUpdate& update);

}  // namespace botbottle::git_hook
