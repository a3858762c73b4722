// See caught.h.
#include "egress/caught.h"

namespace botbottle::egress {

Caught caught_at(const scan::Finding& finding, std::string_view place,
                 std::optional<std::uint64_t> offset) {
    if (finding.rule.starts_with("scan-"))
        return {finding.rule, std::string(place) + " cannot be judged: " + finding.what,
                kSendItPlain};
    std::string reason = std::string(place) + " holds " + finding.what;
    if (!finding.seen_through.empty()) reason += " (seen through " + finding.seen_through + ')';
    if (offset) reason += ", at byte " + std::to_string(*offset);
    return {finding.rule, std::move(reason), kLeaveItOut};
}

Caught cannot_decode(std::string reason) {
    return {"scan-encoding", std::move(reason), kSendItPlain};
}

}  // namespace botbottle::egress
