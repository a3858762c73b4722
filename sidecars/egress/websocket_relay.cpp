// See websocket_relay.h.
#include "egress/websocket_relay.h"

#include <openssl/rand.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "egress/limits.h"
#include "egress/worker.h"

namespace botbottle::egress {

namespace {
constexpr std::string_view kProtocolRule = "websocket_protocol_error";
}

Task<WebSocketRelay::End> WebSocketRelay::run() {
    up_ended_.emplace(worker_.executor());
    asio::co_spawn(worker_.executor(), carry_up(), asio::detached);
    co_await carry_down();
    co_await up_ended_->wait();
    co_await say_goodbye();
    co_return end_;
}

Task<void> WebSocketRelay::carry_up() {
    while (!stopping_) {
        const http::Event event = client_.next();
        if (event.kind == http::EventKind::kBody) {
            if (!take(up_, event.data)) break;
            continue;
        }
        if (event.kind != http::EventKind::kNeedMore) {
            lose("client_gone", "the client went away");
            break;
        }
        const bool sent = co_await origin_.stream.flush();
        if (!sent) lose("upstream_truncated", "the origin closed the WebSocket abruptly");
        if (stopping_) break;
        extend_deadlines();
        const bool more = co_await client_.read_more();
        if (!more) lose("client_gone", "the client went away");
    }
    (void)co_await origin_.stream.flush();
    up_ended_->set();
}

Task<void> WebSocketRelay::carry_down() {
    while (!stopping_) {
        const std::string_view bytes = origin_.input.unread();
        if (!bytes.empty()) {
            const bool goes_on = take(down_, bytes);
            origin_.input.consume(bytes.size());
            if (!goes_on) break;
        }
        const bool sent = co_await client_.flush();
        if (!sent) lose("client_gone", "the client went away");
        if (stopping_) break;
        extend_deadlines();
        origin_.input.rest();
        const Stream::Read read = co_await origin_.stream.read(origin_.input);
        if (read != Stream::Read::kData)
            lose("upstream_truncated", "the origin closed the WebSocket abruptly");
    }
    (void)co_await client_.flush();
}

bool WebSocketRelay::take(Half& half, std::string_view bytes) {
    std::string joined;
    if (!half.rest.empty()) {
        joined = half.rest.append(bytes);
        half.rest.clear();
        bytes = joined;
    }
    for (;;) {
        const websocket::FrameEvent event = half.parser.next(bytes);
        bytes.remove_prefix(event.consumed);
        if (event.kind == websocket::FrameEventKind::kNeedMore) {
            half.rest = bytes;
            return true;
        }
        if (event.kind == websocket::FrameEventKind::kError) {
            const websocket::Fault& fault = half.parser.fault();
            cut_off(half.way, fault.code, kProtocolRule, std::string(fault.reason));
            return false;
        }
        if (!pass_on(half, event)) return false;
        if (!half.parser.closed()) continue;
        after_close(half);
        return false;
    }
}

bool WebSocketRelay::pass_on(Half& half, const websocket::FrameEvent& event) {
    std::string_view payload = event.data;
    const MessageGate::Ends ends = event.last         ? MessageGate::Ends::kMessage
                                   : event.frame_ends ? MessageGate::Ends::kFrame
                                                      : MessageGate::Ends::kNothing;
    MessageGate::Verdict verdict = gate_.pass(half.way, event.opcode, payload, ends);
    if (!verdict.rule.empty()) {
        cut_off(half.way, websocket::kPolicyViolation, verdict.rule, std::move(verdict.reason));
        return false;
    }
    if (event.kind == websocket::FrameEventKind::kControl) {
        write(half.way, event.opcode, true, payload);
        return true;
    }
    if (payload.empty() && !event.last) return true;
    write(half.way, half.begun ? websocket::Opcode::kContinuation : event.opcode, event.last,
          payload);
    half.begun = !event.last;
    return true;
}

void WebSocketRelay::write(Way way, websocket::Opcode opcode, bool last, std::string_view payload) {
    std::string& text = worker_.scratch();
    if (way == Way::kDown) {
        websocket::append_frame(text, opcode, last, payload, {});
        return client_.write(text);
    }
    websocket::Mask mask{};
    if (RAND_bytes(mask.data(), static_cast<int>(mask.size())) != 1)
        return cut_off(way, websocket::kGoingAway, kProtocolRule, "there is no randomness");
    websocket::append_frame(text, opcode, last, payload, mask);
    origin_.stream.write(text);
}

// The other side has a moment to answer with a Close of its own.
void WebSocketRelay::after_close(const Half& half) {
    if (half.way == Way::kUp)
        origin_.stream.set_deadline(kLingerTime);
    else
        client_.set_deadline(kLingerTime);
}

// Who did it is told why; the other one, that it is over. What the gate refused is for the bottle
// to know, whoever sent it.
void WebSocketRelay::cut_off(Way way, std::uint16_t code, std::string_view rule,
                             std::string reason) {
    if (stopping_) return;
    const bool refused = rule != kProtocolRule;
    code_for_client_ = way == Way::kUp || refused ? code : websocket::kGoingAway;
    code_for_origin_ = way == Way::kUp || refused ? websocket::kGoingAway : code;
    end_.rule = rule;
    end_.reason = std::move(reason);
    stop();
}

void WebSocketRelay::lose(std::string_view rule, std::string_view reason) {
    if (stopping_) return;
    // A Close was passed on, and its answer does not come: that is an end, too.
    if (!up_.parser.closed() && !down_.parser.closed()) {
        const bool idle = origin_.stream.is_past(worker_.now());
        end_ = {idle ? "idle_timeout" : rule,
                std::string(idle ? "nothing went through for too long" : reason), false};
    }
    stop();
}

// Wakes both; the deadlines are for whoever is not waiting at this moment.
void WebSocketRelay::stop() {
    stopping_ = true;
    client_.set_deadline(kLingerTime);
    origin_.stream.set_deadline(kLingerTime);
    client_.interrupt();
    origin_.stream.interrupt();
}

void WebSocketRelay::extend_deadlines() {
    if (!down_.parser.closed()) client_.set_deadline(kAnswerTime);
    if (!up_.parser.closed()) origin_.stream.set_deadline(kAnswerTime);
}

Task<void> WebSocketRelay::say_goodbye() {
    if (code_for_client_ != 0) {
        const std::string why = std::string(end_.rule) + ": " + end_.reason;
        client_.set_deadline(kLingerTime);
        origin_.stream.set_deadline(kLingerTime);
        if (!down_.parser.closed())
            write(Way::kDown, websocket::Opcode::kClose, true,
                  websocket::close_payload(code_for_client_, why));
        if (!up_.parser.closed())
            write(Way::kUp, websocket::Opcode::kClose, true,
                  websocket::close_payload(code_for_origin_, {}));
    }
    (void)co_await origin_.stream.flush();
    origin_.stream.shut_down();
    if (end_.orderly) client_.finish({});
    (void)co_await client_.flush();
}

}  // namespace botbottle::egress
