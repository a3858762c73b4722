#include "files/ignore_patterns.h"

namespace botbottle::files {
namespace {

// Matches one "[...]" at the start of `glob` against `c` and moves `glob` behind it. A "[" without
// an end is itself.
bool class_matches(std::string_view& glob, char c) {
    std::size_t at = 1;
    const bool negated = at < glob.size() && (glob[at] == '!' || glob[at] == '^');
    if (negated) ++at;
    bool found = false;
    const std::size_t first = at;
    while (at < glob.size() && (glob[at] != ']' || at == first)) {
        if (at + 2 < glob.size() && glob[at + 1] == '-' && glob[at + 2] != ']') {
            found = found || (glob[at] <= c && c <= glob[at + 2]);
            at += 3;
        } else {
            found = found || glob[at] == c;
            ++at;
        }
    }
    if (at >= glob.size()) {
        glob.remove_prefix(1);
        return c == '[';
    }
    glob.remove_prefix(at + 1);
    return found != negated && c != '/';
}

bool star_matches(std::string_view rest, std::string_view text, bool crosses_names) {
    for (std::size_t skip = 0;; ++skip) {
        if (glob_matches(rest, text.substr(skip))) return true;
        if (skip == text.size() || (!crosses_names && text[skip] == '/')) return false;
    }
}

}  // namespace

bool glob_matches(std::string_view glob, std::string_view text) {
    while (!glob.empty()) {
        if (glob.substr(0, 3) == "**/") {
            // "**/x" also matches "x" itself.
            return glob_matches(glob.substr(3), text) || star_matches(glob.substr(2), text, true);
        }
        if (glob.substr(0, 2) == "**") return star_matches(glob.substr(2), text, true);
        if (glob[0] == '*') return star_matches(glob.substr(1), text, false);
        if (text.empty()) return false;
        const char c = text[0];
        text.remove_prefix(1);
        if (glob[0] == '[') {
            if (!class_matches(glob, c)) return false;
            continue;
        }
        if (glob[0] == '\\' && glob.size() > 1)
            glob.remove_prefix(1);
        else if (glob[0] == '?' && c != '/') {
            glob.remove_prefix(1);
            continue;
        }
        if (glob[0] != c) return false;
        glob.remove_prefix(1);
    }
    return text.empty();
}

IgnorePatterns::IgnorePatterns(const std::vector<std::string>& lines) {
    for (std::string line : lines) {
        while (!line.empty() && line.back() == ' ')
            line.pop_back();
        if (line.empty() || line[0] == '#') continue;
        Pattern pattern;
        if (line[0] == '!') {
            pattern.negated = true;
            line.erase(0, 1);
        }
        if (!line.empty() && line.back() == '/') {
            pattern.directories_only = true;
            line.pop_back();
        }
        pattern.anchored = line.find('/') != std::string::npos;
        if (!line.empty() && line[0] == '/') line.erase(0, 1);
        if (line.empty()) continue;
        pattern.glob = line;
        patterns_.push_back(std::move(pattern));
    }
}

bool IgnorePatterns::excludes(std::string_view path, bool is_directory) const {
    const std::string_view name = path.substr(path.rfind('/') + 1);
    for (auto pattern = patterns_.rbegin(); pattern != patterns_.rend(); ++pattern) {
        if (pattern->directories_only && !is_directory) continue;
        if (glob_matches(pattern->glob, pattern->anchored ? path : name)) return !pattern->negated;
    }
    return false;
}

}  // namespace botbottle::files
