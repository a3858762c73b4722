#include "bottles/review.h"

#include <fcntl.h>
#include <unistd.h>

#include <QCryptographicHash>
#include <algorithm>
#include <cerrno>
#include <climits>

#include "bottles/host_startup.h"
#include "bottles/workspace.h"
#include "files/beneath.h"
#include "files/directory_reader.h"
#include "files/system_error.h"

namespace botbottle {
namespace {

using Kind = files::TreeChange::Kind;

std::optional<std::string> link_target(int root, const std::string& path) {
    const files::Place place = files::place_beneath(root, path);
    char target[PATH_MAX] = {};
    const ssize_t size = place.directory ? readlinkat(place.directory.get(), place.name.c_str(),
                                                      target, sizeof target)
                                         : -1;
    if (size < 0 || size == static_cast<ssize_t>(sizeof target)) return std::nullopt;
    return std::string(target, static_cast<std::size_t>(size));
}

class Reviewer {
  public:
    explicit Reviewer(const WorkspacePair& pair) : pair_(pair) {}

    ReviewedChange judge(const files::TreeChange& change) const {
        ReviewedChange reviewed{change, {}, false, {}, false};
        hold(reviewed);
        compare_with_home(reviewed);
        return reviewed;
    }

  private:
    void hold(ReviewedChange& reviewed) const {
        const files::TreeChange& change = reviewed.change;
        if (const auto held = held_back(change.path)) {
            reviewed.held = held->because;
            reviewed.never = held->never;
        }
        if (change.kind == Kind::Removed) return;
        const auto never = [&reviewed](const QString& because) {
            reviewed.held = because;
            reviewed.never = true;
        };
        switch (change.after_mode & S_IFMT) {
            case S_IFDIR:
                return;
            case S_IFREG: {
                const auto status = files::place_beneath(pair_.copy.get(), change.path).look();
                if (status && static_cast<std::uint64_t>(status->st_size) > kLargestFile)
                    never(QStringLiteral("is larger than 4 GiB: copy it by hand"));
                return;
            }
            case S_IFLNK: {
                const auto target = link_target(pair_.copy.get(), change.path);
                const QString unsafe =
                    target ? unsafe_link(change.path, *target) : QStringLiteral("cannot be read");
                if (!unsafe.isEmpty() && !reviewed.never) reviewed.held = unsafe;
                return;
            }
            default:
                never(QStringLiteral("is a FIFO, a socket or a device"));
        }
    }

    // Whether home has at this path what the copy has.
    bool same_there(const std::string& path, const struct stat& at_home, mode_t in_copy) const {
        if ((at_home.st_mode & S_IFMT) != (in_copy & S_IFMT)) return false;
        if (S_ISDIR(in_copy)) return true;
        if (S_ISLNK(in_copy))
            return link_target(pair_.copy.get(), path) == link_target(pair_.home.get(), path);
        const auto copied = files::place_beneath(pair_.copy.get(), path).look();
        if (!copied || copied->st_size != at_home.st_size ||
            ((copied->st_mode ^ at_home.st_mode) & S_IXUSR) != 0)
            return false;
        const QByteArray digest = digest_beneath(pair_.copy.get(), path);
        return !digest.isEmpty() && digest == digest_beneath(pair_.home.get(), path);
    }

    void compare_with_home(ReviewedChange& reviewed) const {
        const files::TreeChange& change = reviewed.change;
        const auto at_home = files::place_beneath(pair_.home.get(), change.path).look();
        if (change.kind == Kind::Removed) {
            reviewed.home_already = !at_home;
            // A directory's own time says nothing; only an empty one is ever removed.
            if (at_home && !pair_.source.matches(change.path, *at_home) &&
                !S_ISDIR(at_home->st_mode))
                reviewed.conflict = QStringLiteral("was changed at home since it was copied");
            return;
        }
        if (at_home && same_there(change.path, *at_home, change.after_mode)) {
            reviewed.home_already = true;
            return;
        }
        const bool turned = change.kind == Kind::Changed &&
                            S_ISDIR(change.before_mode) != S_ISDIR(change.after_mode);
        if (turned)
            reviewed.conflict = QStringLiteral("a directory became a file, or a file a directory");
        else if (change.kind == Kind::Added && at_home)
            reviewed.conflict = QStringLiteral("is at home already, with other content");
        else if (change.kind == Kind::Changed && !at_home)
            reviewed.conflict = QStringLiteral("was removed at home since it was copied");
        else if (change.kind == Kind::Changed && !pair_.source.matches(change.path, *at_home))
            reviewed.conflict = QStringLiteral("was changed at home since it was copied");
    }

    const WorkspacePair& pair_;
};

bool lies_at(const std::string& path, const std::string& above) {
    return above.empty() || path == above ||
           (path.size() > above.size() && path.starts_with(above) && path[above.size()] == '/');
}

std::string without_slashes(std::string path) {
    while (path.starts_with("./"))
        path.erase(0, 2);
    while (path.ends_with('/'))
        path.pop_back();
    return path == "." ? std::string() : path;
}

}  // namespace

QByteArray digest_beneath(int root, const std::string& path) {
    struct stat status = {};
    const UniqueFd file = files::open_file_at(files::place_beneath(root, path), status);
    if (!file || static_cast<std::uint64_t>(status.st_size) > kLargestFile) return {};
    QCryptographicHash hash(QCryptographicHash::Sha256);
    std::vector<char> buffer(256 * 1024);
    for (;;) {
        const ssize_t count = read(file.get(), buffer.data(), buffer.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return {};
        if (count == 0) return hash.result();
        hash.addData(QByteArrayView(buffer.data(), count));
    }
}

Result<WorkspacePair> open_workspace(const Metadata& metadata) {
    if (metadata.workspace.isEmpty() || !workspace_was_copied(metadata))
        return failure("no_workspace",
                       metadata.identity.toStdString() + " has no copy of a directory",
                       "`botbottle start AGENT --cwd` gives an agent a copy");
    auto known = load_workspace_records(metadata);
    if (!known) return tl::make_unexpected(known.error());
    WorkspacePair pair;
    const QByteArray copy = metadata.workspace.toLocal8Bit();
    const QByteArray home = metadata.working_directory.toLocal8Bit();
    pair.copy = files::open_directory_at(AT_FDCWD, copy.constData());
    if (!pair.copy)
        return files::system_failure("no_workspace", "open the copy", copy.toStdString());
    // The operator names it: a symlink there is meant.
    pair.home = UniqueFd(open(home.constData(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!pair.home)
        return files::system_failure("no_workspace", "open the directory that was copied",
                                     home.toStdString());
    pair.copied = std::move(known->copied);
    pair.source = std::move(known->source);
    return pair;
}

Result<std::vector<ReviewedChange>> review_workspace(const WorkspacePair& pair,
                                                     const Metadata& metadata) {
    auto now = files::TreeSnapshot::take(metadata.workspace.toStdString());
    if (!now) return tl::make_unexpected(now.error());
    std::vector<ReviewedChange> reviewed;
    const Reviewer reviewer(pair);
    for (const files::TreeChange& change : pair.copied.list_changes(*now)) {
        // Of a directory that is there before and after, only the mode can differ: it stays.
        if (change.kind == Kind::Changed && S_ISDIR(change.before_mode) &&
            S_ISDIR(change.after_mode))
            continue;
        reviewed.push_back(reviewer.judge(change));
    }
    return reviewed;
}

Result<std::vector<ReviewedChange>> select_changes(const std::vector<ReviewedChange>& changes,
                                                   const std::vector<std::string>& paths) {
    if (paths.empty()) return changes;
    std::vector<std::string> wanted;
    for (const std::string& path : paths) {
        wanted.push_back(without_slashes(path));
        const bool any = std::any_of(changes.begin(), changes.end(), [&](const auto& reviewed) {
            return lies_at(reviewed.change.path, wanted.back());
        });
        if (!any)
            return failure("no_such_change", "the agent changed nothing at " + path,
                           "`botbottle diff IDENTITY` lists the paths, which begin at the "
                           "workspace's root");
    }
    std::vector<ReviewedChange> selected;
    for (const ReviewedChange& reviewed : changes) {
        const files::TreeChange& change = reviewed.change;
        const bool new_directory = change.kind == Kind::Added && S_ISDIR(change.after_mode);
        if (std::any_of(wanted.begin(), wanted.end(), [&](const std::string& above) {
                // A new directory comes along with what is wanted in it.
                return lies_at(change.path, above) ||
                       (new_directory && lies_at(above, change.path));
            }))
            selected.push_back(reviewed);
    }
    return selected;
}

}  // namespace botbottle
