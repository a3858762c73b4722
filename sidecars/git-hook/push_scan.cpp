#include "git-hook/push_scan.h"

#include <algorithm>
#include <map>
#include <utility>

namespace botbottle::git_hook {
namespace {

// Above it a file is judged as a whole, so that memory does not grow with it.
constexpr std::uint64_t kDiffLimit = std::uint64_t{4} << 20;
constexpr std::uint64_t kMaxMessage = std::uint64_t{16} << 20;
constexpr std::size_t kMostTags = 10;  // a tag of a tag of a tag …
constexpr std::size_t kMostRemembered = 200'000;
constexpr std::size_t kMostNotes = 20;
// So many commits are asked about together, and so many files.
constexpr std::size_t kCommitsAhead = 64;
constexpr std::size_t kFilesAhead = 128;
constexpr std::string_view kLfs = "version https://git-lfs.github.com/spec/";

// The value of a line of a header: "object <id>".
std::string header_value(std::string_view content, std::string_view name) {
    while (!content.empty() && content.front() != '\n') {
        const auto end = content.find('\n');
        const auto line = content.substr(0, end);
        if (line.starts_with(name) && line.size() > name.size() && line[name.size()] == ' ')
            return std::string(line.substr(name.size() + 1));
        if (end == std::string_view::npos) break;
        content.remove_prefix(end + 1);
    }
    return {};
}

// Names of objects are no text of anybody's: 40 digits that a rule might take for a key.
std::string without_object_names(std::string content) {
    std::size_t at = 0;
    while (at < content.size() && content[at] != '\n') {
        const auto end = std::min(content.find('\n', at), content.size());
        const std::string_view line = std::string_view(content).substr(at, end - at);
        for (const std::string_view name : {"tree ", "parent ", "object "})
            if (line.starts_with(name))
                std::fill(content.begin() + static_cast<std::ptrdiff_t>(at),
                          content.begin() + static_cast<std::ptrdiff_t>(end), ' ');
        at = end + 1;
    }
    return content;
}

// Where in a commit or tag an offset lies, in the words of `git log`.
std::string part_of(std::string_view content, std::uint64_t offset, std::string_view kind) {
    const auto header = content.find("\n\n");
    const auto before = content.substr(0, std::min<std::size_t>(offset, content.size()));
    if (header != std::string_view::npos && offset > header) {
        const auto line = std::count(before.begin() + static_cast<std::ptrdiff_t>(header) + 2,
                                     before.end(), '\n') +
                          1;
        return "the " + std::string(kind) + " message, line " + std::to_string(line);
    }
    const auto begin = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
    const auto line = content.substr(begin);
    for (const std::string_view name : {"author", "committer", "tagger"})
        if (line.starts_with(name)) return "the " + std::string(name);
    if (line.starts_with("tag ")) return "the name of a tag";
    return "the header of the " + std::string(kind);
}

// The files in which two commits differ, and whether the second one's leads elsewhere.
Result<std::map<std::string, bool>> changed_files(const std::string& before,
                                                  const std::string& after) {
    const auto broken = [&] {
        return failure("git", "the commits " + before + " and " + after + " cannot be compared");
    };
    auto git = GitPipe::start({"diff-tree", "-r", "--raw", "-z", "--no-renames", "--no-abbrev",
                               "--no-ext-diff", "--no-textconv", before, after});
    if (!git) return tl::make_unexpected(git.error());
    std::map<std::string, bool> paths;
    for (std::string text, path; git->read_until('\0', text);) {
        const auto record = read_record(text);
        if (!record || !git->read_until('\0', path)) return broken();
        paths.emplace(path, record->file.leads_elsewhere());
    }
    if (git->finish() != 0) return broken();
    return paths;
}

}  // namespace

std::string visible(std::string_view text) {
    std::string shown(text);
    for (char& c : shown)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
    return shown;
}

Result<PushScan> PushScan::start(const Rules& wanted, std::string_view added,
                                 std::shared_ptr<const scan::OwnValues> own) {
    auto objects = ObjectReader::start();
    if (!objects) return tl::make_unexpected(objects.error());
    auto others = ObjectReader::start();
    if (!others) return tl::make_unexpected(others.error());
    auto differ = GitPipe::start({"diff-tree", "--stdin", "-r", "-c", "-M", "--root", "--raw", "-z",
                                  "--no-abbrev", "--no-ext-diff", "--no-textconv"});
    if (!differ) return tl::make_unexpected(differ.error());
    // While the two are loading.
    auto rules = scan::Rules::load(added);
    if (!rules) return tl::make_unexpected(rules.error());
    return PushScan(wanted, std::make_unique<scan::Stream>(*std::move(rules), std::move(own)),
                    *std::move(objects), *std::move(others), *std::move(differ));
}

// Valid until the next text.
const std::vector<scan::Finding>& PushScan::search(std::string_view text) {
    stream_->reset();
    if (searches_) (void)stream_->feed(text);
    (void)stream_->finish();
    return stream_->findings();
}

void PushScan::note_opaque(const std::string& path) {
    if (stream_->opaque() && notes_.size() < kMostNotes)
        notes_.push_back(
            shown(path) +
            " has parts that cannot be looked into: encrypted, or packed in a way that is "
            "not known here");
}

void PushScan::add(const scan::Finding& finding, std::string where, const std::string& commit) {
    if (full()) {
        more_ = true;
        return;
    }
    std::string what = finding.what;
    if (!finding.seen_through.empty()) what += " (through " + finding.seen_through + ')';
    places_.push_back({finding.rule, std::move(what), std::move(where), commit});
}

void PushScan::scan_names(const std::vector<RefUpdate>& updates) {
    for (const RefUpdate& update : updates) {
        const bool tag = update.ref.starts_with("refs/tags/");
        for (const auto& finding : search(update.ref))
            add(finding, tag ? "the name of a tag" : "the name of a branch", "");
    }
}

Result<void> PushScan::scan(const std::vector<RefUpdate>& updates) {
    std::vector<std::string> words = {"rev-list", "--reverse"};
    for (const RefUpdate& update : updates) {
        if (update.deletes()) continue;
        auto tip = scan_tip(update);
        if (!tip) return tl::make_unexpected(tip.error());
        words.push_back(*std::move(tip));
    }
    if (words.size() == 2) return {};
    words.insert(words.end(), {"--not", "--all"});
    auto commits = GitPipe::start(words);
    if (!commits) return tl::make_unexpected(commits.error());
    std::vector<std::string> ahead;
    for (bool more = true; more && !full();) {
        ahead.clear();
        for (std::string commit; ahead.size() < kCommitsAhead && more;) {
            more = commits->read_until('\n', commit);
            if (more) ahead.push_back(commit);
        }
        if (auto done = scan_commits(ahead); !done) return done;
    }
    more_ = more_ || full();
    if (commits->finish() != 0) return failure("git", "the new commits cannot be listed");
    return note_paths_of_tips(updates);
}

Result<void> PushScan::scan_deletions(const std::vector<RefUpdate>& updates,
                                      const std::set<std::string>& created) {
    if (globs_.empty()) return {};
    for (const RefUpdate& update : updates) {
        if (!update.deletes() || !update.ref.starts_with("refs/heads/") ||
            created.contains(update.ref))
            continue;
        const auto broken = [&] {
            return failure("git", "the files of " + visible(update.ref) + " cannot be listed");
        };
        auto git = GitPipe::start({"ls-tree", "-r", "-z", "--full-tree", update.old_id});
        if (!git) return tl::make_unexpected(git.error());
        // MODE SP TYPE SP ID TAB PATH
        for (std::string line; git->read_until('\0', line);) {
            const auto tab = line.find('\t');
            if (tab == std::string::npos) return broken();
            note_path(update.old_id, line.substr(tab + 1),
                      line.starts_with("120000") || line.starts_with("160000"));
        }
        if (git->finish() != 0) return broken();
    }
    return {};
}

// A merge may take what another branch had long ago, and a rewrite may go back to it: no commit of
// the push changes the file then, and yet the branch has another one. What the default branch has
// is no news anywhere.
Result<void> PushScan::note_paths_of_tips(const std::vector<RefUpdate>& updates) {
    if (globs_.empty()) return {};
    const auto head = ask_git({"rev-parse", "--quiet", "--verify", "HEAD^{commit}"});
    if (!head) return tl::make_unexpected(head.error());
    for (const RefUpdate& update : updates) {
        if (update.creates() || update.deletes() || !update.ref.starts_with("refs/heads/"))
            continue;
        const auto changed = changed_files(update.old_id, update.new_id);
        if (!changed) return tl::make_unexpected(changed.error());
        const bool of_interest =
            std::any_of(changed->begin(), changed->end(), [this](const auto& file) {
                return glob_of(globs_, file.first, file.second) != nullptr;
            });
        if (!of_interest) continue;
        auto unlike_head = *changed;
        if (head->code == 0) {
            auto other =
                changed_files(head->output.substr(0, head->output.find('\n')), update.new_id);
            if (!other) return tl::make_unexpected(other.error());
            unlike_head = *std::move(other);
        }
        for (const auto& [path, leads_elsewhere] : *changed)
            if (unlike_head.contains(path)) note_path(update.new_id, path, leads_elsewhere);
    }
    return {};
}

// The commit that a ref will lead to. Its tags are searched on the way.
Result<std::string> PushScan::scan_tip(const RefUpdate& update) {
    std::string id = update.new_id;
    for (std::size_t depth = 0; depth < kMostTags; ++depth) {
        const auto head = objects_.open(id);
        if (!head) return tl::make_unexpected(head.error());
        if (head->size > kMaxMessage && head->type != "blob")
            return failure("message_too_large",
                           visible(update.ref) + " is larger than can be read");
        if (head->type == "blob" || head->type == "tree")
            return failure("not_a_commit", visible(update.ref) + " leads to a " + head->type,
                           "only commits can be pushed");
        auto content = objects_.read_whole(*head);
        if (!content) return content;
        if (head->type == "commit") return id;
        for (const auto& finding : search(without_object_names(*content)))
            add(finding, part_of(*content, finding.offset, "tag"), "");
        id = header_value(*content, "object");
    }
    return failure("not_a_commit", visible(update.ref) + " is a tag of too many tags");
}

// While one is looked at, git has the next ones ready.
Result<void> PushScan::scan_commits(const std::vector<std::string>& commits) {
    for (const std::string& commit : commits) {
        // A line that names no object comes back as it is: that is where this commit's answer ends.
        if (!differ_.write(commit + "\n-\n"))
            return failure("git", "the changes of the commit " + commit + " cannot be read");
        if (!searches_) continue;
        if (auto asked = objects_.ask(commit); !asked) return asked;
    }
    commits_ += commits.size();
    for (const std::string& commit : commits)
        if (auto done = scan_commit(commit); !done) return done;
    for (const std::string& commit : commits) {
        if (full()) break;
        if (auto done = scan_changes(commit); !done) return done;
    }
    return {};
}

Result<void> PushScan::scan_commit(const std::string& commit) {
    if (!searches_) return {};
    const auto head = objects_.next();
    if (!head) return tl::make_unexpected(head.error());
    if (head->size > kMaxMessage)
        return failure("message_too_large", "the commit " + commit +
                                                " has a message of more than "
                                                "16 MiB");
    const auto content = objects_.read_whole(*head);
    if (!content) return tl::make_unexpected(content.error());
    bytes_ += content->size();
    for (const auto& finding : search(without_object_names(*content)))
        add(finding, part_of(*content, finding.offset, "commit"), commit);
    return {};
}

Result<void> PushScan::scan_changes(const std::string& commit) {
    const auto broken = [&] {
        return failure("git", "the changes of the commit " + commit + " cannot be read");
    };
    for (std::string text;;) {
        const int next = differ_.peek();
        if (next == '-') return differ_.read_until('\n', text) ? scan_files(commit) : broken();
        if (next < 0 || !differ_.read_until('\0', text)) return broken();
        if (next != ':') continue;  // the commit's own name
        auto record = read_record(text);
        if (!record) return broken();
        if (record->renamed && !differ_.read_until('\0', text)) return broken();
        if (!differ_.read_until('\0', record->file.path)) return broken();
        if (record->renamed) note_path(commit, text, false);  // it is gone from there
        note_path(commit, record->file.path, record->file.leads_elsewhere());
        if (record->file.deleted() || !searches_ || full()) continue;
        files_.push_back({std::move(record->file), false});
        if (files_.size() < kFilesAhead) continue;
        if (auto done = scan_files(commit); !done) return done;
    }
}

Result<void> PushScan::scan_files(const std::string& commit) {
    for (Pending& pending : files_) {
        const ChangedFile& file = pending.file;
        // A submodule's url is in .gitmodules.
        pending.asked =
            !file.submodule() &&
            std::find(file.parents.begin(), file.parents.end(), file.blob) == file.parents.end() &&
            !(file.parents.empty() && clean_blobs_.contains(file.blob));
        if (!pending.asked) continue;
        if (auto asked = objects_.ask(file.blob); !asked) return asked;
    }
    for (const Pending& pending : files_) {
        if (full()) break;
        scan_path(commit, pending.file.path);
        if (!pending.asked) continue;
        if (auto done = scan_file(commit, pending.file); !done) return done;
    }
    files_.clear();
    return {};
}

void PushScan::note_path(const std::string& commit, const std::string& path, bool leads_elsewhere) {
    const std::string* const glob = glob_of(globs_, path, leads_elsewhere);
    if (glob == nullptr || noted_paths_.contains(path)) return;
    if (paths_.size() >= kMostPaths) {
        more_paths_ = true;
        return;
    }
    noted_paths_.insert(path);
    paths_.push_back({"paths", "a change of what " + *glob + " covers", shown(path), commit});
}

void PushScan::scan_path(const std::string& commit, const std::string& path) {
    if (clean_paths_.contains(path)) return;
    const auto findings = search(path);  // a copy: to show the path, it is searched again
    for (const auto& finding : findings)
        add(finding, "the name of the file " + shown(path), commit);
    if (findings.empty() && clean_paths_.size() < kMostRemembered) clean_paths_.insert(path);
}

// A path for people; what was found in it is not repeated.
std::string PushScan::shown(const std::string& path) {
    if (clean_paths_.contains(path)) return visible(path);
    std::string masked = path;
    const auto findings = search(path);
    for (const auto& finding : findings) {
        const auto begin = std::min<std::size_t>(finding.offset, masked.size());
        const auto size = std::min<std::size_t>(finding.length, masked.size() - begin);
        std::fill_n(masked.begin() + static_cast<std::ptrdiff_t>(begin), size, '*');
    }
    return search(masked).empty() ? visible(masked) : "(a name that cannot be shown)";
}

Result<void> PushScan::scan_file(const std::string& commit, const ChangedFile& file) {
    const auto head = objects_.next();
    if (!head) return tl::make_unexpected(head.error());
    if (head->type != "blob") return failure("git", "a file is no blob");
    if (head->size > kDiffLimit) return scan_whole(commit, file, *head);
    if (auto read = objects_.read_into(*head, content_); !read) return read;
    if (content_.starts_with(kLfs) && notes_.size() < kMostNotes)
        notes_.push_back(shown(file.path) +
                         " is a pointer of git-lfs: what it points to is not in this push");
    return scan_content(commit, file);
}

// The lines that none of its parents has; without any when one of them is too large to be compared.
Result<AddedLines> PushScan::added_to(const ChangedFile& file) {
    std::vector<std::string> predecessors;
    for (const std::string& parent : file.parents) {
        const auto head = others_.open(parent);
        if (!head) return tl::make_unexpected(head.error());
        if (head->size > kDiffLimit) {
            auto dropped = others_.read(*head, [](std::string_view) {});
            if (!dropped) return tl::make_unexpected(dropped.error());
            return AddedLines();
        }
        auto predecessor = others_.read_whole(*head);
        if (!predecessor) return tl::make_unexpected(predecessor.error());
        predecessors.push_back(*std::move(predecessor));
    }
    return added_lines(content_, predecessors);
}

Result<void> PushScan::scan_content(const std::string& commit, const ChangedFile& file) {
    const bool binary = is_binary(content_);
    AddedLines added;
    bool whole = binary || file.parents.empty();
    if (!whole) {
        auto lines = added_to(file);
        if (!lines) return tl::make_unexpected(lines.error());
        added = *std::move(lines);
        whole = !added.compared;
    }
    if (whole && clean_blobs_.contains(file.blob)) return {};
    const std::string_view text = whole ? std::string_view(content_) : std::string_view(added.text);
    bytes_ += text.size();
    const auto& findings = search(text);
    if (findings.empty() && !stream_->opaque()) {
        if (whole && clean_blobs_.size() < kMostRemembered) clean_blobs_.insert(file.blob);
        return {};
    }
    const auto found = findings;  // to show the path, it is searched itself
    note_opaque(file.path);
    for (const auto& finding : found) {
        const std::string place =
            binary ? ", byte " + std::to_string(finding.offset)
                   : ':' + std::to_string(whole ? line_at(content_, finding.offset)
                                                : added.line_at(finding.offset));
        add(finding, shown(file.path) + place, commit);
    }
    return {};
}

Result<void> PushScan::scan_whole(const std::string& commit, const ChangedFile& file,
                                  const ObjectReader::Head& head) {
    stream_->reset();
    bool binary = false;
    std::uint64_t offset = 0;
    auto read = objects_.read(head, [&](std::string_view piece) {
        if (offset == 0) binary = is_binary(piece);
        offset += piece.size();
        (void)stream_->feed(piece);
    });
    if (!read) return read;
    bytes_ += head.size;
    const bool clean = stream_->finish();
    const auto findings = stream_->findings();
    note_opaque(file.path);
    if (clean) return {};
    const auto lines = lines_of(file.blob, findings);
    if (!lines) return tl::make_unexpected(lines.error());
    for (std::size_t i = 0; i < findings.size(); ++i)
        add(findings[i],
            shown(file.path) + (binary ? ", byte " + std::to_string(findings[i].offset)
                                       : ':' + std::to_string((*lines)[i])),
            commit);
    return {};
}

// Read once more, which a file without findings never is.
Result<std::vector<std::uint64_t>> PushScan::lines_of(const std::string& blob,
                                                      const std::vector<scan::Finding>& findings) {
    const auto head = others_.open(blob);
    if (!head) return tl::make_unexpected(head.error());
    std::vector<std::uint64_t> lines(findings.size(), 1);
    std::uint64_t offset = 0;
    auto read = others_.read(*head, [&](std::string_view piece) {
        for (std::size_t i = 0; i < findings.size(); ++i) {
            if (findings[i].offset <= offset) continue;
            const auto before = piece.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(
                                                    findings[i].offset - offset, piece.size())));
            lines[i] += static_cast<std::uint64_t>(std::count(before.begin(), before.end(), '\n'));
        }
        offset += piece.size();
    });
    if (!read) return tl::make_unexpected(read.error());
    return lines;
}

}  // namespace botbottle::git_hook
