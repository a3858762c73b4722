// Finding: how one attempt ended.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace botbottle::probe {

enum class Outcome { kBlocked, kEscaped, kSkipped, kWorks, kBroken };

struct Finding {
    Outcome outcome = Outcome::kBlocked;
    std::string detail;
};

inline Finding blocked(std::string detail) {
    return {Outcome::kBlocked, std::move(detail)};
}
inline Finding escaped(std::string detail) {
    return {Outcome::kEscaped, std::move(detail)};
}
inline Finding skipped(std::string detail) {
    return {Outcome::kSkipped, std::move(detail)};
}

// "<what>: <strerror(errno)>".
std::string with_errno(std::string_view what);

// The verdict on a system call that must fail: `result` is what it returned.
Finding must_fail(std::string_view what, long result);

// The same for a privileged call whose arguments are such that it can do nothing even when it is
// permitted: EPERM, EACCES and ENOSYS are refusals, any other error means that permission was
// given.
Finding refused(std::string_view what, long result);

// The first finding that is an escape, else the last.
Finding first_escape(const std::vector<Finding>& findings);

std::string_view outcome_name(Outcome outcome);
std::string json_string(std::string_view text);

}  // namespace botbottle::probe
