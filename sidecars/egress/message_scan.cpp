// See message_scan.h.
#include "egress/message_scan.h"

namespace botbottle::egress {

// A line end behind the last piece is what a match needs that asks for what follows it.
bool MessageScan::look(scan::Stream& stream, std::string_view piece, bool last) {
    if (!caught_ && stream.feed(piece) && (!last || stream.feed("\n"))) return true;
    if (!caught_)
        caught_ = caught_at(stream.findings().front(), "a message of the WebSocket", std::nullopt);
    return false;
}

std::optional<std::string_view> MessageScan::feed(std::string_view piece, MessageGate::Ends ends) {
    const bool last = ends == MessageGate::Ends::kMessage;
    if (!look(*messages_, piece, last)) return std::nullopt;
    const Released released = hold_back_.take(piece);
    passed_ = released.first;
    passed_ += released.second;
    if (last || (ends == MessageGate::Ends::kFrame && !messages_->may_be_cut()))
        passed_ += hold_back_.release().first;
    return passed_;
}

bool MessageScan::feed_control(std::string_view payload) {
    return look(*controls_, payload, true);
}

}  // namespace botbottle::egress
