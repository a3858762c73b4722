// IgnorePatterns: the `workspace.exclude` list of a manifest, with the meaning of .gitignore lines.
//
// Later patterns win; "!" takes back; a trailing "/" matches directories only; a "/" at the start
// or in the middle anchors to the root; "*" and "?" stay within a name, "**" crosses names. As in
// git, what lies below an excluded directory cannot be taken back.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace botbottle::files {

class IgnorePatterns {
  public:
    IgnorePatterns() = default;
    explicit IgnorePatterns(const std::vector<std::string>& lines);

    // `path` is relative to the root, without a leading "/".
    bool excludes(std::string_view path, bool is_directory) const;

  private:
    struct Pattern {
        std::string glob;
        bool negated = false;
        bool directories_only = false;
        bool anchored = false;
    };
    std::vector<Pattern> patterns_;
};

// Whether `text` matches `glob` as a whole ("**" as above). Linear in practice, and bounded: the
// patterns are the operator's own.
bool glob_matches(std::string_view glob, std::string_view text);

}  // namespace botbottle::files
