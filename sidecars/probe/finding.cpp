#include "probe/finding.h"

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace botbottle::probe {

std::string with_errno(std::string_view what) {
    return std::string(what) + ": " + std::strerror(errno);
}

Finding must_fail(std::string_view what, long result) {
    if (result < 0) return blocked(with_errno(what));
    return escaped(std::string(what) + " succeeded");
}

Finding refused(std::string_view what, long result) {
    if (result >= 0) return escaped(std::string(what) + " succeeded");
    if (errno == EPERM || errno == EACCES || errno == ENOSYS) return blocked(with_errno(what));
    return escaped(with_errno(std::string(what) + " was permitted"));
}

Finding first_escape(const std::vector<Finding>& findings) {
    Finding last = skipped("nothing to try");
    for (const Finding& finding : findings) {
        if (finding.outcome == Outcome::kEscaped) return finding;
        last = finding;
    }
    return last;
}

std::string_view outcome_name(Outcome outcome) {
    switch (outcome) {
        case Outcome::kBlocked:
            return "blocked";
        case Outcome::kEscaped:
            return "escaped";
        case Outcome::kSkipped:
            return "skipped";
        case Outcome::kWorks:
            return "works";
        case Outcome::kBroken:
            break;
    }
    return "broken";
}

std::string json_string(std::string_view text) {
    std::string quoted = "\"";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        char escape[8];
        if (c == '"' || c == '\\') {
            quoted += '\\';
            quoted += c;
        } else if (byte < 0x20 || byte >= 0x7f) {
            // Names of files may hold any byte; as Latin-1 the document stays valid.
            std::snprintf(escape, sizeof escape, "\\u%04x", byte);
            quoted += escape;
        } else {
            quoted += c;
        }
    }
    return quoted += '"';
}

}  // namespace botbottle::probe
