// What an exchange does about the scanner: the head before anything of it is sent, the body and the
// trailers as they go up, the messages of a WebSocket. What is found ends the request before the
// last byte of it has left.
#include "egress/exchange.h"
#include "egress/head_scan.h"
#include "egress/limits.h"
#include "egress/worker.h"

namespace botbottle::egress {

namespace {
// In the record, in place of a path or host that a secret was found in.
constexpr std::string_view kWithheld = "(withheld)";
}  // namespace

bool Exchange::is_scanned() const {
    return decision_.route->dlp != policy::Dlp::kOff;
}

void Exchange::scan_request_head() {
    const http::RequestHead& head = client_.head();
    std::string target(head.target);
    // What will not be sent is not the agent's to leak.
    if (service_->parameter && target.starts_with('/'))
        target = policy::without_parameter(target, service_->parameter->name);
    LentScanner scanner(worker_.scanners(), rules_->scan);
    const HeadVerdict verdict =
        scan_head(*scanner, {head.method, host_, target, decision_.target, head.fields});
    if (verdict.caught) {
        if (verdict.in_target) path_ = kWithheld;
        // The name of a route is no secret; one that the agent made up may be.
        if (verdict.in_authority && decision_.route->any_below) authority_text_ = kWithheld;
        if (verdict.more || !may_hold(*verdict.caught)) return refuse_head(*verdict.caught);
        held_head_ = verdict.caught;
    }
}

void Exchange::refuse_head(const Caught& caught) {
    worker_.shared().stats.caught.add();
    refuse_with(403, caught.rule, caught.reason, std::string(caught.hint));
}

// An encoding that cannot be decoded is known before anything is sent.
void Exchange::begin_body_scan() {
    const bool holds = decision_.route->dlp == policy::Dlp::kHold;
    body_scan_ = std::make_unique<BodyScan>(worker_.scanners(), rules_->scan, client_.head().fields,
                                            framing_.length.has_value(), holds);
    const std::optional<Caught>& caught = body_scan_->caught();
    if (caught) refuse_with(403, caught->rule, caught->reason, std::string(caught->hint));
}

Exchange::Upload Exchange::scan_up(std::string_view piece) {
    if (!body_scan_) {
        upstream_->write(piece);
        return Upload::kUnderWay;
    }
    std::uint64_t work = 0;
    while (!piece.empty()) {
        if (work >= kScannedInATurn) {
            unscanned_ = piece;
            turn_used_up_ = true;
            return Upload::kUnderWay;
        }
        const std::string_view part = piece.substr(0, body_scan_->longest_piece());
        piece.remove_prefix(part.size());
        const std::optional<Released> released = body_scan_->feed(part);
        if (!released && may_hold(*body_scan_->caught())) {
            held_piece_ = part;
            unscanned_ = piece;
            return Upload::kHeld;
        }
        if (!released) {
            catch_with(*body_scan_->caught());
            return Upload::kMalformed;
        }
        send_up(*released);
        work += body_scan_->take_work();
    }
    return Upload::kUnderWay;
}

Exchange::Upload Exchange::scan_end() {
    if (body_scan_) {
        const std::optional<Released> released = body_scan_->finish(client_.trailers());
        if (!released && may_hold(*body_scan_->caught())) {
            held_at_end_ = true;
            return Upload::kHeld;
        }
        if (!released) {
            catch_with(*body_scan_->caught());
            return Upload::kMalformed;
        }
        send_up(*released);
    }
    upstream_->finish(allowed_trailers(client_.trailers()));
    return Upload::kComplete;
}

void Exchange::release_waiting() {
    if (body_scan_) send_up(body_scan_->wait());
}

void Exchange::send_up(const Released& released) {
    if (!released.first.empty()) upstream_->write(released.first);
    if (!released.second.empty()) upstream_->write(released.second);
}

void Exchange::catch_with(Caught caught) {
    worker_.shared().stats.caught.add();
    caught_ = std::move(caught);
}

MessageGate::Verdict Exchange::pass_up(websocket::Opcode kind, std::string_view& piece, Ends ends) {
    if (!message_scan_) return {};
    if (websocket::is_control(kind)) {
        if (message_scan_->feed_control(piece)) return {};
    } else if (const auto passed = message_scan_->feed(piece, ends)) {
        piece = *passed;
        return {};
    }
    if (!caught_) catch_with(*message_scan_->caught());
    return {caught_->rule, caught_->reason};
}

}  // namespace botbottle::egress
