#include "bottles/apply.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/stat.h>
#include <unistd.h>

#include <QCryptographicHash>
#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstring>

#include "bottles/fault.h"
#include "bottles/host_startup.h"
#include "bottles/interrupt.h"
#include "bottles/workspace.h"
#include "files/atomic_file.h"
#include "files/beneath.h"

namespace botbottle {
namespace {

using Kind = files::TreeChange::Kind;

std::string journal_file(const Metadata& metadata) {
    return metadata.state_dir.toStdString() + "/apply.journal";
}

// In the target's own directory: a rename must not cross filesystems.
std::string temporary_name(const Metadata& metadata) {
    return ".botbottle-apply-" + metadata.identity.toStdString();
}

QString reason(const char* what) {
    return QStringLiteral("%1: %2").arg(QLatin1String(what),
                                        QString::fromLocal8Bit(std::strerror(errno)));
}

mode_t current_umask() {
    const mode_t mask = umask(077);
    umask(mask);
    return mask;
}

// One change. What went wrong is text for the operator: the others go on.
class Bringing {
  public:
    Bringing(const WorkspacePair& pair, const Metadata& metadata, const PlannedChange& planned)
        : pair_(pair),
          planned_(planned),
          path_(planned.reviewed.change.path),
          temporary_(temporary_name(metadata)),
          target_(files::place_beneath(pair.home.get(), path_)) {}

    // Empty: it is home.
    QString run() {
        if (!target_.directory) return reason("its directory at home cannot be entered");
        if (QString moved = check_home(); !moved.isEmpty()) return moved;
        const files::TreeChange& change = planned_.reviewed.change;
        if (change.kind == Kind::Removed) return remove(change.before_mode);
        switch (change.after_mode & S_IFMT) {
            case S_IFDIR:
                return make_directory();
            case S_IFLNK:
                return link();
            case S_IFREG:
                return file();
            default:
                return QStringLiteral("is no file, directory or symlink");
        }
    }

  private:
    // Is home still what was shown? Asked before the work, and again before the rename.
    QString check_home() {
        const auto now = target_.look();
        const Kind kind = planned_.reviewed.change.kind;
        if (kind == Kind::Added && now) return QStringLiteral("has appeared at home meanwhile");
        if (kind == Kind::Added) return {};
        if (!now) return QStringLiteral("is gone at home meanwhile");
        if (S_ISDIR(now->st_mode)) return {};
        if (!pair_.source.matches(path_, *now) ||
            digest_beneath(pair_.home.get(), path_) != planned_.at_home)
            return QStringLiteral("was changed at home meanwhile");
        return {};
    }

    QString remove(mode_t mode) {
        if (unlinkat(target_.directory.get(), target_.name.c_str(),
                     S_ISDIR(mode) ? AT_REMOVEDIR : 0) != 0)
            return reason("cannot be removed");
        return {};
    }

    QString make_directory() {
        if (mkdirat(target_.directory.get(), target_.name.c_str(), 0777) != 0)
            return reason("cannot be made");
        return give_to_owner_of_parent(target_.name, AT_SYMLINK_NOFOLLOW);
    }

    QString link() {
        const files::Place source = files::place_beneath(pair_.copy.get(), path_);
        char target[PATH_MAX] = {};
        if (!source.directory ||
            readlinkat(source.directory.get(), source.name.c_str(), target, sizeof target - 1) < 0)
            return reason("cannot be read");
        if (planned_.content != QByteArray(target))
            return QStringLiteral("was changed in the bottle since it was shown");
        // The agent may have pointed it elsewhere after it was reviewed and before it was planned.
        // One that the review held back is here because the operator named it.
        if (QString unsafe = unsafe_link(path_, target);
            planned_.reviewed.held.isEmpty() && !unsafe.isEmpty())
            return unsafe;
        unlinkat(target_.directory.get(), temporary_.c_str(), 0);
        if (symlinkat(target, target_.directory.get(), temporary_.c_str()) != 0)
            return reason("cannot be made");
        return into_place();
    }

    QString file() {
        struct stat status = {};
        const UniqueFd source =
            files::open_file_at(files::place_beneath(pair_.copy.get(), path_), status);
        if (!source) return reason("cannot be read");
        unlinkat(target_.directory.get(), temporary_.c_str(), 0);
        const UniqueFd written(openat(target_.directory.get(), temporary_.c_str(),
                                      O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
        if (!written) return reason("cannot be written");
        fault_point("apply.written-beside-begun");
        if (const QString wrong = copy_content(source.get(), written.get()); !wrong.isEmpty())
            return drop(wrong);
        if (fchmod(written.get(), mode_for(status.st_mode)) != 0 || fsync(written.get()) != 0)
            return drop(reason("cannot be written"));
        fault_point("apply.written-beside");
        return into_place();
    }

    // No more than was shown: a file that grows while it is read must not fill the disk.
    QString copy_content(int source, int written) {
        QCryptographicHash hash(QCryptographicHash::Sha256);
        std::vector<char> buffer(256 * 1024);
        std::uint64_t total = 0;
        for (;;) {
            const ssize_t count = read(source, buffer.data(), buffer.size());
            if (count < 0 && errno == EINTR) continue;
            if (count < 0) return reason("cannot be read");
            if (count == 0) break;
            total += static_cast<std::uint64_t>(count);
            if (total > kLargestFile || interrupted()) return QStringLiteral("was cut short");
            hash.addData(QByteArrayView(buffer.data(), count));
            for (ssize_t done = 0; done < count;) {
                const ssize_t put =
                    write(written, buffer.data() + done, static_cast<std::size_t>(count - done));
                if (put < 0 && errno != EINTR) return reason("cannot be written");
                if (put > 0) done += put;
            }
        }
        if (hash.result() != planned_.content)
            return QStringLiteral("was changed in the bottle since it was shown");
        return {};
    }

    mode_t mode_for(mode_t in_copy) const {
        const auto old = target_.look();
        const mode_t execute = 0111 & ~current_umask();
        const mode_t mode = old && S_ISREG(old->st_mode)
                                ? static_cast<mode_t>(old->st_mode & 0777)
                                : static_cast<mode_t>(0666 & ~current_umask());
        return (in_copy & S_IXUSR) != 0 ? mode | execute : mode & ~static_cast<mode_t>(0111);
    }

    QString into_place() {
        if (const QString wrong = give_to_owner_of_parent(temporary_, AT_SYMLINK_NOFOLLOW);
            !wrong.isEmpty())
            return drop(wrong);
        if (const QString moved = check_home(); !moved.isEmpty()) return drop(moved);
        fault_point("apply.checked");
        const bool added = planned_.reviewed.change.kind == Kind::Added;
        if (renameat2(target_.directory.get(), temporary_.c_str(), target_.directory.get(),
                      target_.name.c_str(), added ? RENAME_NOREPLACE : 0) != 0)
            return drop(reason("cannot be put in its place"));
        fault_point("apply.renamed");
        return {};
    }

    // Root brings home for whoever owns the directory, or the file that is replaced.
    QString give_to_owner_of_parent(const std::string& name, int flags) {
        if (geteuid() != 0) return {};
        struct stat owner = {};
        const auto old = name == target_.name ? std::nullopt : target_.look();
        if (old)
            owner = *old;
        else if (fstat(target_.directory.get(), &owner) != 0)
            return reason("has a directory that cannot be read");
        if (fchownat(target_.directory.get(), name.c_str(), owner.st_uid, owner.st_gid, flags) != 0)
            return reason("cannot be given to its owner");
        return {};
    }

    QString drop(const QString& wrong) {
        unlinkat(target_.directory.get(), temporary_.c_str(), 0);
        return wrong;
    }

    const WorkspacePair& pair_;
    const PlannedChange& planned_;
    const std::string& path_;
    std::string temporary_;
    files::Place target_;
};

// Both trees' records follow what came home.
void remember(WorkspacePair& pair, const std::string& path) {
    const auto refresh = [&path](int root, files::TreeSnapshot& snapshot) {
        const auto status = files::place_beneath(root, path).look();
        if (status)
            snapshot.record(path, *status);
        else
            snapshot.forget(path);
    };
    refresh(pair.copy.get(), pair.copied);
    refresh(pair.home.get(), pair.source);
}

// What is removed goes from the leaves up, what is added from the root down.
std::vector<const PlannedChange*> in_order(const std::vector<PlannedChange>& changes) {
    std::vector<const PlannedChange*> order;
    for (auto change = changes.rbegin(); change != changes.rend(); ++change)
        if (change->reviewed.change.kind == Kind::Removed) order.push_back(&*change);
    for (const PlannedChange& change : changes)
        if (change.reviewed.change.kind != Kind::Removed) order.push_back(&change);
    return order;
}

std::string parent_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    return slash == std::string::npos ? std::string() : path.substr(0, slash);
}

}  // namespace

std::vector<PlannedChange> plan_apply(const WorkspacePair& pair,
                                      const std::vector<ReviewedChange>& changes) {
    std::vector<PlannedChange> planned;
    for (const ReviewedChange& reviewed : changes) {
        const files::TreeChange& change = reviewed.change;
        PlannedChange plan{reviewed, {}, {}};
        if (S_ISREG(change.after_mode)) plan.content = digest_beneath(pair.copy.get(), change.path);
        if (S_ISLNK(change.after_mode)) {
            const files::Place place = files::place_beneath(pair.copy.get(), change.path);
            char target[PATH_MAX] = {};
            if (place.directory && readlinkat(place.directory.get(), place.name.c_str(), target,
                                              sizeof target - 1) > 0)
                plan.content = target;
        }
        plan.at_home = digest_beneath(pair.home.get(), change.path);
        planned.push_back(std::move(plan));
    }
    return planned;
}

Result<ApplyReport> apply_changes(WorkspacePair& pair, const Metadata& metadata,
                                  const std::vector<PlannedChange>& changes) {
    // Where a file may lie beside its target, should this process be killed.
    std::string journal;
    std::string last;
    for (const PlannedChange& change : changes) {
        const std::string parent = parent_of(change.reviewed.change.path);
        if (!journal.empty() && parent == last) continue;
        journal += parent + '\0';
        last = parent;
    }
    if (auto written = files::write_atomically(journal_file(metadata), journal); !written)
        return tl::make_unexpected(written.error());
    fault_point("apply.journal");
    ApplyReport report;
    for (const PlannedChange* change : in_order(changes)) {
        if (interrupted()) break;
        const std::string& path = change->reviewed.change.path;
        const QString wrong =
            change->reviewed.home_already ? QString() : Bringing(pair, metadata, *change).run();
        if (!wrong.isEmpty()) {
            report.refused.push_back({path, wrong});
            continue;
        }
        remember(pair, path);
        if (!change->reviewed.home_already) report.brought.push_back(path);
    }
    fault_point("apply.brought");
    if (auto saved = save_workspace_records(metadata, {pair.copied, pair.source}); !saved)
        return tl::make_unexpected(saved.error());
    fault_point("apply.remembered");
    if (auto recovered = recover_apply(metadata); !recovered)
        return tl::make_unexpected(recovered.error());
    if (interrupted()) return interrupted_failure();
    return report;
}

bool apply_was_interrupted(const Metadata& metadata) {
    return access(journal_file(metadata).c_str(), F_OK) == 0;
}

Result<void> recover_apply(const Metadata& metadata) {
    const std::string file = journal_file(metadata);
    const auto journal = files::read_file(file, 512 * 1024 * 1024);
    if (!journal && journal.error().code == "not_found") return {};
    if (!journal) return tl::make_unexpected(journal.error());
    const UniqueFd home(open(metadata.working_directory.toLocal8Bit().constData(),
                             O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    const std::string temporary = temporary_name(metadata);
    for (std::size_t begin = 0; home && begin < journal->size();) {
        const std::size_t end = std::min(journal->find('\0', begin), journal->size());
        const UniqueFd directory =
            files::open_directory_beneath(home.get(), journal->substr(begin, end - begin));
        if (directory) unlinkat(directory.get(), temporary.c_str(), 0);
        begin = end + 1;
    }
    unlink(file.c_str());
    return {};
}

}  // namespace botbottle
