#include "git-hook/ref_rules.h"

#include <algorithm>

namespace botbottle::git_hook {
namespace {

constexpr std::string_view kHeads = "refs/heads/";
constexpr std::string_view kTags = "refs/tags/";

bool is_object_id(std::string_view text) {
    return (text.size() == 40 || text.size() == 64) &&
           text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// One "[…]" at the front of `glob` against `c`; the rest of the glob is left.
bool matches_set(std::string_view& glob, char c) {
    std::size_t at = 1;
    const bool negated = at < glob.size() && (glob[at] == '!' || glob[at] == '^');
    if (negated) ++at;
    bool found = false;
    for (bool first = true; at < glob.size() && (first || glob[at] != ']'); first = false, ++at) {
        char last = glob[at];
        if (at + 2 < glob.size() && glob[at + 1] == '-' && glob[at + 2] != ']') {
            last = glob[at + 2];
            found = found || (glob[at] <= c && c <= last);
            at += 2;
        } else {
            found = found || c == last;
        }
    }
    if (at >= glob.size()) return false;  // never closed
    glob.remove_prefix(at + 1);
    return found != negated && c != '/';
}

// Where matching goes on after the last star of its kind, so that work is at most quadratic for
// each kind.
struct Retry {
    std::string_view glob;
    std::string_view name;
    bool set = false;
};

bool matches_here(std::string_view& glob, std::string_view& name) {
    if (glob.empty() || name.empty()) return false;
    if (glob[0] == '[') {
        auto rest = glob;
        if (!matches_set(rest, name[0])) return false;
        glob = rest;
        name.remove_prefix(1);
        return true;
    }
    if (glob[0] == '?' ? name[0] == '/' : glob[0] != name[0]) return false;
    glob.remove_prefix(1);
    name.remove_prefix(1);
    return true;
}

// A star that may still take one more character takes it.
bool go_back(Retry& retry, bool stops_at_slash, std::string_view& glob, std::string_view& name) {
    if (!retry.set || retry.name.empty() || (stops_at_slash && retry.name[0] == '/')) return false;
    retry.name.remove_prefix(1);
    glob = retry.glob;
    name = retry.name;
    return true;
}

}  // namespace

std::optional<RefUpdate> read_update(std::string_view line) {
    const auto first = line.find(' ');
    const auto second = line.find(' ', first == std::string_view::npos ? first : first + 1);
    if (second == std::string_view::npos) return std::nullopt;
    RefUpdate update{std::string(line.substr(0, first)),
                     std::string(line.substr(first + 1, second - first - 1)),
                     std::string(line.substr(second + 1))};
    if (!is_object_id(update.old_id) || !is_object_id(update.new_id)) return std::nullopt;
    return update;
}

bool matches(std::string_view glob, std::string_view name) {
    Retry star;
    Retry stars;
    for (;;) {
        if (glob.starts_with("**")) {
            glob.remove_prefix(2);
            stars = {glob, name, true};
            star.set = false;
        } else if (glob.starts_with("*")) {
            glob.remove_prefix(1);
            star = {glob, name, true};
        } else if (glob.empty() && name.empty()) {
            return true;
        } else if (!matches_here(glob, name) && !go_back(star, true, glob, name)) {
            star.set = false;
            if (!go_back(stars, false, glob, name)) return false;
        }
    }
}

// Folders too: who names one without "/**" means what is in it.
const std::string* glob_of(const std::vector<std::string>& globs, std::string_view path,
                           bool leads_elsewhere) {
    for (const std::string& glob : globs) {
        std::string_view pattern = glob;
        while (pattern.ends_with('/'))
            pattern.remove_suffix(1);
        for (std::size_t end = path.find('/');; end = path.find('/', end + 1)) {
            if (matches(pattern, path.substr(0, end))) return &glob;
            if (end == std::string_view::npos) break;
        }
        if (!leads_elsewhere) continue;
        for (auto end = pattern.find('/'); end != std::string_view::npos;
             end = pattern.find('/', end + 1))
            if (matches(pattern.substr(0, end), path)) return &glob;
    }
    return nullptr;
}

std::optional<Refusal> judge_ref(const Rules& rules, const RefUpdate& update) {
    const std::string_view ref = update.ref;
    const bool branch = ref.starts_with(kHeads);
    if (!branch && !ref.starts_with(kTags))
        return Refusal{"ref_not_allowed", update.ref + " is neither a branch nor a tag",
                       "push branches and tags"};
    if (update.deletes() && !rules.deletion)
        return Refusal{"delete_not_allowed", "nothing may be deleted in " + rules.repo,
                       "leave " + update.ref + " where it is"};
    const auto covers = [&](const std::string& glob) {
        if (glob.starts_with("refs/")) return matches(glob, ref);
        return branch && matches(glob, ref.substr(kHeads.size()));
    };
    if (rules.branches.empty() || std::any_of(rules.branches.begin(), rules.branches.end(), covers))
        return std::nullopt;
    std::string allowed;
    for (const std::string& glob : rules.branches)
        allowed += (allowed.empty() ? "" : ", ") + glob;
    return Refusal{"branch_not_allowed", update.ref + " may not be pushed", "allowed: " + allowed};
}

std::optional<Refusal> judge_rewrite(const Rules& rules, const RefUpdate& update) {
    if (rules.force || rules.created.contains(update.ref)) return std::nullopt;
    return Refusal{"force_not_allowed",
                   update.ref + " would lose commits, and it is not a branch that you made",
                   "merge or rebase onto it, or push to a new branch"};
}

}  // namespace botbottle::git_hook
