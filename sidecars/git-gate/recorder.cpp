#include "git-gate/recorder.h"

namespace botbottle::git_gate {
namespace {

audit::Record record_of(std::string_view what, const Repo& repo) {
    audit::Record record;
    record.subject = {what, "ssh", repo.authority, repo.path};
    record.route = repo.name;
    return record;
}

}  // namespace

Entry Recorder::decide(std::string_view what, const Repo& repo, std::string_view verdict,
                       std::string_view rule, std::string_view reason) {
    audit::Record record = record_of(what, repo);
    record.verdict = verdict;
    record.rule = rule;
    record.reason = reason;
    const auto number = log_->append(record);
    return {log_->flush() ? number : 0, std::chrono::steady_clock::now()};
}

Entry Recorder::allow(std::string_view what, const Repo& repo, std::string_view rule,
                      std::string_view reason) {
    return decide(what, repo, "allowed", rule, reason);
}

Entry Recorder::deny(std::string_view what, const Repo& repo, std::string_view rule,
                     std::string_view reason) {
    return decide(what, repo, "denied", rule, reason);
}

void Recorder::end(const Entry& entry, std::string_view what, const Repo& repo, int status,
                   std::uint64_t bytes_up, std::uint64_t bytes_down, std::string_view reason) {
    audit::Record record = record_of(what, repo);
    record.request = entry.number;
    record.verdict = "allowed";
    record.rule = "declared_repo";
    record.reason = reason;
    const auto spent = std::chrono::steady_clock::now() - entry.at;
    record.outcome =
        audit::Outcome{status, bytes_up, bytes_down,
                       static_cast<std::uint64_t>(
                           std::chrono::duration_cast<std::chrono::milliseconds>(spent).count())};
    (void)log_->append(record);
    (void)log_->flush();
}

}  // namespace botbottle::git_gate
