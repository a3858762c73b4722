#include "supervise/queue.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "supervise/limits.h"

namespace botbottle::supervise {
namespace {

using control::Descriptor;

constexpr const char* kArchive = "archive";
constexpr std::string_view kProposalEnd = ".proposal.json";
constexpr std::string_view kDecisionEnd = ".decision.json";
constexpr const char* kTemporary = ".supervise.new";  // one writer, one name

std::string proposal_name(const std::string& id) {
    return id + std::string(kProposalEnd);
}
std::string decision_name(const std::string& id) {
    return id + std::string(kDecisionEnd);
}

tl::unexpected<Error> queue_failed(const char* what) {
    return failure("queue_failed",
                   std::string("the operator's queue cannot be written: ") + what + ": " +
                       std::strerror(errno),
                   "try again later");
}

std::vector<std::string> names_in(int directory) {
    std::vector<std::string> names;
    const int copy = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR* listing = copy < 0 ? nullptr : fdopendir(copy);
    if (listing == nullptr) {
        if (copy >= 0) close(copy);
        return names;
    }
    while (const dirent* entry = readdir(listing))
        names.emplace_back(entry->d_name);
    closedir(listing);
    return names;
}

bool is_ours(int fd, mode_t kind) {
    struct stat status = {};
    return fstat(fd, &status) == 0 && (status.st_mode & S_IFMT) == kind &&
           status.st_uid == geteuid();
}

bool write_all(int fd, std::string_view text) {
    while (!text.empty()) {
        const ssize_t count = ::write(fd, text.data(), text.size());
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return false;
        text.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
}

}  // namespace

Result<Queue> Queue::open(Descriptor directory) {
    if (!is_ours(directory.get(), S_IFDIR))
        return failure("queue", "the queue is not a directory of ours");
    if (mkdirat(directory.get(), kArchive, 0700) != 0 && errno != EEXIST)
        return queue_failed("archive");
    Descriptor archive(
        openat(directory.get(), kArchive, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!archive || !is_ours(archive.get(), S_IFDIR))
        return failure("queue", "the queue's archive is not a directory of ours");
    Queue queue(std::move(directory), std::move(archive));
    queue.load();
    return queue;
}

void Queue::load() {
    for (const std::string& name : names_in(directory_.get())) {
        if (!name.ends_with(kProposalEnd)) continue;
        const auto document = read(directory_.get(), name);
        if (!document) continue;
        auto proposal = proposal_from_json(*document);
        if (!proposal || proposal_name(proposal->id) != name) continue;
        std::string id = proposal->id;
        open_.emplace(std::move(id), *std::move(proposal));
    }
    // A decision whose proposal is in the archive already: we were ended between the two.
    for (const std::string& name : names_in(directory_.get())) {
        if (!name.ends_with(kDecisionEnd)) continue;
        if (!open_.contains(name.substr(0, name.size() - kDecisionEnd.size())))
            renameat(directory_.get(), name.c_str(), archive_.get(), name.c_str());
    }
}

// Ours and a file: whatever else has the name is not looked at.
std::optional<Json> Queue::read(int directory, const std::string& name) const {
    const Descriptor file(
        openat(directory, name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
    if (!file || !is_ours(file.get(), S_IFREG)) return std::nullopt;
    std::string text(2 * kMaxProposal, '\0');
    std::size_t size = 0;
    while (size < text.size()) {
        const ssize_t count = ::read(file.get(), text.data() + size, text.size() - size);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return std::nullopt;
        if (count == 0) break;
        size += static_cast<std::size_t>(count);
    }
    return parse_document(std::string_view(text).substr(0, size));
}

Result<void> Queue::write_draft(const Json& document) const {
    const int dir = directory_.get();
    unlinkat(dir, kTemporary, 0);
    const Descriptor file(
        openat(dir, kTemporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!file) return queue_failed("open");
    if (!write_all(file.get(), write_document(document) + '\n')) return queue_failed("write");
    if (fsync(file.get()) != 0) return queue_failed("sync");
    return {};
}

// linkat never replaces: of two who write the same name one is told (EEXIST).
Result<void> Queue::write_new(const std::string& name, const Json& document) const {
    const int dir = directory_.get();
    if (auto written = write_draft(document); !written) return written;
    if (linkat(dir, kTemporary, dir, name.c_str(), 0) != 0) return queue_failed("link");
    unlinkat(dir, kTemporary, 0);
    if (fsync(dir) != 0) return queue_failed("sync");
    return {};
}

Result<void> Queue::replace(int directory, const std::string& name, const Json& document) const {
    if (auto written = write_draft(document); !written) return written;
    if (renameat(directory_.get(), kTemporary, directory, name.c_str()) != 0)
        return queue_failed("rename");
    if (fsync(directory) != 0) return queue_failed("sync");
    return {};
}

const Proposal* Queue::find_equal(const std::string& tool, const Json& payload) const {
    const auto found = std::find_if(open_.begin(), open_.end(), [&](const auto& entry) {
        return entry.second.tool == tool && entry.second.payload == payload;
    });
    return found == open_.end() ? nullptr : &found->second;
}

Result<std::string> Queue::add(Proposal proposal) {
    if (open_.size() >= kMaxOpen)
        return failure("too_many_open",
                       std::to_string(kMaxOpen) + " proposals of this bottle wait already",
                       "wait for the operator; check-proposal tells when one is decided");
    do {
        proposal.id = new_proposal_id();
        if (proposal.id.empty()) return queue_failed("random numbers");
    } while (open_.contains(proposal.id) || decision(proposal.id));
    const Json document = to_json(proposal);
    if (write_document(document).size() > kMaxProposal)
        return failure("too_large", "the proposal is larger than " +
                                        std::to_string(kMaxProposal / 1024) + " KiB");
    if (auto written = write_new(proposal_name(proposal.id), document); !written)
        return tl::make_unexpected(written.error());
    std::string id = proposal.id;
    open_.emplace(id, std::move(proposal));
    return id;
}

void Queue::expire(const std::string& id, const std::string& notes, Seconds now) const {
    (void)write_new(decision_name(id),
                    to_json(Decision{id, "expired", notes, {}, "botbottle", "", now}));
}

Result<void> Queue::give_reason(const std::string& id, std::string justification) {
    const auto found = open_.find(id);
    if (found == open_.end()) return failure("unknown_proposal", "it is not open");
    Proposal changed = found->second;
    changed.justification = std::move(justification);
    const Json document = to_json(changed);
    if (write_document(document).size() > kMaxProposal)
        return failure("too_large", "the proposal would be larger than " +
                                        std::to_string(kMaxProposal / 1024) + " KiB");
    if (auto written = replace(directory_.get(), proposal_name(id), document); !written)
        return written;
    found->second = std::move(changed);
    return {};
}

std::optional<Decision> Queue::find_approved(const std::string& tool, const std::string& hold,
                                             Seconds since) const {
    for (const std::string& name : names_in(archive_.get())) {
        if (!name.ends_with(kProposalEnd)) continue;
        const auto document = read(archive_.get(), name);
        if (!document) continue;
        const auto proposal = proposal_from_json(*document);
        if (!proposal || proposal->tool != tool || !proposal->payload.is_object() ||
            proposal->payload.value("hold", std::string()) != hold)
            continue;
        auto made = decision(proposal->id);
        if (made && made->status == "approved" && !made->spent && made->decided >= since)
            return made;
    }
    return std::nullopt;
}

bool Queue::spend(const std::string& id) const {
    auto made = decision(id);
    if (!made) return false;
    made->spent = true;
    return replace(archive_.get(), decision_name(id), to_json(*made)).has_value();
}

std::vector<Decision> Queue::collect(Seconds now) {
    std::vector<Decision> decided;
    for (const auto& [id, proposal] : open_) {
        if (proposal.expires <= now) expire(id, "nobody answered in time", now);
        const auto document = read(directory_.get(), decision_name(id));
        if (!document) continue;
        auto decision = decision_from_json(*document);
        if (decision && decision->id == id && decision->applied)
            decided.push_back(*std::move(decision));
    }
    for (const Decision& decision : decided)
        archive(decision.id);
    if (!decided.empty()) prune();
    return decided;
}

// The decision last: a proposal whose decision lies in the archive is never taken for an open one.
void Queue::archive(const std::string& id) {
    for (const std::string& name : {proposal_name(id), decision_name(id)})
        renameat(directory_.get(), name.c_str(), archive_.get(), name.c_str());
    open_.erase(id);
}

// The oldest go, by the time that they were decided.
void Queue::prune() {
    std::vector<std::pair<Seconds, std::string>> ids;
    for (const std::string& name : names_in(archive_.get())) {
        if (!name.ends_with(kDecisionEnd)) continue;
        struct stat status = {};
        if (fstatat(archive_.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0)
            ids.emplace_back(status.st_mtime, name.substr(0, name.size() - kDecisionEnd.size()));
    }
    if (ids.size() <= kMaxArchived) return;
    std::sort(ids.begin(), ids.end());
    ids.resize(ids.size() - kMaxArchived);
    for (const auto& [time, id] : ids)
        for (const std::string& name : {proposal_name(id), decision_name(id)})
            unlinkat(archive_.get(), name.c_str(), 0);
}

std::optional<Decision> Queue::decision(const std::string& id) const {
    if (!is_proposal_id(id) || open_.contains(id)) return std::nullopt;
    const auto document = read(archive_.get(), decision_name(id));
    if (!document) return std::nullopt;
    auto decision = decision_from_json(*document);
    if (!decision || decision->id != id) return std::nullopt;
    return *std::move(decision);
}

}  // namespace botbottle::supervise
