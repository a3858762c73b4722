// Reads what `git diff-tree --raw -z` says of one commit: which files it has changed, and from
// which blobs of its parents. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace botbottle::git_hook {

struct ChangedFile {
    std::string path;
    std::string mode;                  // "100644", "120000" a symlink, "160000" a submodule
    std::string blob;                  // zeros when the file is gone
    std::vector<std::string> parents;  // the blobs that it came from; no zeros
    bool deleted() const noexcept { return blob.find_first_not_of('0') == std::string::npos; }
    bool submodule() const noexcept { return mode == "160000"; }
    bool leads_elsewhere() const noexcept { return submodule() || mode == "120000"; }
};

// From the ':' of a record up to, not including, its first NUL; with one ':' for each parent.
// Nothing when it is no such record. `renamed` says that two paths follow instead of one.
struct RecordHead {
    ChangedFile file;
    bool renamed = false;
};
std::optional<RecordHead> read_record(std::string_view text);

}  // namespace botbottle::git_hook
