// PushScan: what a push brings, searched for what must not leave.
//
// Looked at are the commits that the upstream does not have, and of those: what they say of
// themselves, the names of the files that they change, and of each file the lines that none of its
// parents has, or all of it when it is binary or large. Nothing of the pushed tree (attributes,
// allowlists, comments) has a say. On the way it notes the files that the rules want asked about.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/error.h"
#include "git-hook/added_lines.h"
#include "git-hook/object_reader.h"
#include "git-hook/raw_diff.h"
#include "git-hook/ref_rules.h"
#include "scan/own_values.h"
#include "scan/rules.h"
#include "scan/stream.h"

namespace botbottle::git_hook {

// What was found where; never the value.
struct Place {
    std::string rule;
    std::string what;    // "a GitHub token", with what it was seen through
    std::string where;   // "src/config.py:12", "the commit message, line 3"
    std::string commit;  // empty: in the name of a ref, or in a tag
};

class PushScan {
  public:
    // `added` are the operator's own rules (scan/rules.h); `own` may be null.
    static Result<PushScan> start(const Rules& rules, std::string_view added,
                                  std::shared_ptr<const scan::OwnValues> own);

    // The names of the refs. To be asked first: a name that holds a secret must be said by nobody,
    // a refusal for another reason neither.
    void scan_names(const std::vector<RefUpdate>& updates);
    // Errors: what cannot be read or is no commit; then nothing may be pushed.
    Result<void> scan(const std::vector<RefUpdate>& updates);

    // At most kMostPlaces; `more()` when the search ended there.
    const std::vector<Place>& places() const noexcept { return places_; }
    bool more() const noexcept { return more_; }
    // Notes the files of branches that go: whoever deletes a branch may make it anew as it was
    // before. `created`: those that may go as they came.
    Result<void> scan_deletions(const std::vector<RefUpdate>& updates,
                                const std::set<std::string>& created);

    // The files that `paths` of the rules covers, each once, with the commit that changes it first,
    // or with the tip, when a merge or a rewrite is what changes it on that branch.
    // At most kMostPaths; `more_paths()` when there are others.
    const std::vector<Place>& paths() const noexcept { return paths_; }
    bool more_paths() const noexcept { return more_paths_; }
    // For the agent, about what was not looked into.
    const std::vector<std::string>& notes() const noexcept { return notes_; }
    std::uint64_t commits() const noexcept { return commits_; }
    std::uint64_t bytes() const noexcept { return bytes_; }

  private:
    static constexpr std::size_t kMostPlaces = 20;
    static constexpr std::size_t kMostPaths = 100;

    // A file that a commit changes; its content is on its way when it was asked for.
    struct Pending {
        ChangedFile file;
        bool asked = false;
    };

    PushScan(const Rules& rules, std::unique_ptr<scan::Stream> stream, ObjectReader objects,
             ObjectReader others, GitPipe differ)
        : globs_(rules.paths),
          searches_(rules.on_finding != OnFinding::kNotLookedFor),
          stream_(std::move(stream)),
          objects_(std::move(objects)),
          others_(std::move(others)),
          differ_(std::move(differ)) {}

    Result<std::string> scan_tip(const RefUpdate& update);
    Result<void> scan_commits(const std::vector<std::string>& commits);
    Result<void> scan_commit(const std::string& commit);
    Result<void> scan_changes(const std::string& commit);
    Result<void> scan_files(const std::string& commit);
    Result<void> scan_file(const std::string& commit, const ChangedFile& file);
    Result<void> scan_content(const std::string& commit, const ChangedFile& file);
    Result<AddedLines> added_to(const ChangedFile& file);
    Result<void> scan_whole(const std::string& commit, const ChangedFile& file,
                            const ObjectReader::Head& head);
    void scan_path(const std::string& commit, const std::string& path);
    void note_path(const std::string& commit, const std::string& path, bool leads_elsewhere);
    Result<void> note_paths_of_tips(const std::vector<RefUpdate>& updates);
    Result<std::vector<std::uint64_t>> lines_of(const std::string& blob,
                                                const std::vector<scan::Finding>& findings);
    std::string shown(const std::string& path);
    bool full() const noexcept { return places_.size() >= kMostPlaces; }
    void add(const scan::Finding& finding, std::string where, const std::string& commit);
    const std::vector<scan::Finding>& search(std::string_view text);
    void note_opaque(const std::string& path);

    std::vector<std::string> globs_;
    bool searches_;
    std::unique_ptr<scan::Stream> stream_;  // for one text after the other
    ObjectReader objects_;                  // ahead of what is looked at
    ObjectReader others_;                   // one at a time
    GitPipe differ_;
    std::vector<Pending> files_;  // of one commit
    std::string content_;         // of one file
    std::unordered_set<std::string> clean_paths_;
    std::unordered_set<std::string> clean_blobs_;  // as a whole
    std::vector<Place> places_;
    std::vector<Place> paths_;
    std::unordered_set<std::string> noted_paths_;
    bool more_paths_ = false;
    std::vector<std::string> notes_;
    bool more_ = false;
    std::uint64_t commits_ = 0;
    std::uint64_t bytes_ = 0;
};

// Control bytes replaced, so that a name can neither move a cursor nor end a line.
std::string visible(std::string_view text);

}  // namespace botbottle::git_hook
