// What an exchange does otherwise when a WebSocket is asked for: the handshake on both sides, each
// with a key of its own, and what a message passes. The origin is spoken to in HTTP/1.1.
#include "egress/exchange.h"
#include "egress/limits.h"
#include "egress/websocket_relay.h"
#include "egress/worker.h"
#include "http/strip.h"
#include "websocket/handshake.h"

namespace botbottle::egress {

void Exchange::judge_websocket() {
    const http::RequestHead& head = client_.head();
    if (!decision_.route->websocket)
        return refuse_with(426, "upgrade_refused", "the route takes no WebSocket",
                           "use the same API over HTTP");
    if (head.method != "GET" || framing_.kind != http::BodyKind::kNone)
        return refuse_with(400, "bad_websocket_request", "a WebSocket opens with a GET, no body");
    // Only on HTTP/2 do requests share their connection.
    const bool over_http2 = client_.shares_connection();
    if (const auto error = websocket::check_request(head.fields, over_http2); error.status != 0)
        return refuse_with(error.status, error.rule, std::string(error.reason));
    websocket_ = std::make_unique<Handshake>();
    websocket_->key = websocket::make_key();
    if (!over_http2) websocket_->accept = websocket::accept_for(websocket::key_of(head.fields));
    if (websocket_->key.empty() || (!over_http2 && websocket_->accept.empty()))
        refuse_with(502, "no_randomness", "the handshake cannot be computed");
}

void Exchange::compose_websocket(http::HeaderFields& fields) const {
    websocket::strip_handshake(fields);
    fields.emplace_back("Sec-WebSocket-Version", websocket::kVersion);
    fields.emplace_back("Sec-WebSocket-Key", websocket_->key);
}

Task<After> Exchange::serve_websocket() {
    client_.set_deadline(kAnswerTime);
    upload_ = Upload::kComplete;
    Answer answer = Answer::kNothing;
    const bool connected = co_await connect();
    if (connected && send_upgrade()) {
        (void)co_await upstream_->flush();
        answer = co_await read_answer();
    }
    if (answer != Answer::kHead) co_return co_await give_up(answer);
    if (upstream_->head().status != 101) {
        send_head();
        co_return co_await finish(co_await relay_body());
    }
    if (!switch_protocols()) co_return co_await give_up(answer);
    if (is_scanned())
        message_scan_ = std::make_unique<MessageScan>(worker_.scanners(), rules_->scan);
    WebSocketRelay relay(worker_, client_, origin_of_websocket(), *this);
    WebSocketRelay::End end = co_await relay.run();
    outcome_ = end.rule;
    outcome_reason_ = std::move(end.reason);
    if (abandoned_) {
        outcome_ = "client_gone";
        outcome_reason_ = "the client went away";
    }
    record_outcome();
    co_return end.orderly ? After::kClose : After::kBreak;
}

// target() asked for HTTP/1.1 alone.
UpstreamConnection& Exchange::origin_of_websocket() {
    return static_cast<UpstreamConnection&>(*upstream_);
}

bool Exchange::send_upgrade() {
    const http::RequestHead& head = client_.head();
    const bool sent =
        origin_of_websocket().write_upgrade({head.method, decision_.target, host_}, head.fields,
                                            "websocket", injected_ ? &*injected_ : nullptr);
    if (sent)
        upstream_->set_deadline(kAnswerTime);
    else
        refuse_with(502, "upstream_protocol_error", "the request cannot be sent to the origin");
    return sent;
}

bool Exchange::switch_protocols() {
    http::ResponseHead& head = upstream_->head();
    const auto error =
        websocket::check_answer(head.upgrade, head.fields, websocket_->key, client_.head().fields);
    if (error.status != 0) {
        refuse_with(error.status, error.rule, std::string(error.reason));
        upstream_->abort();
        return false;
    }
    status_ = head.status;
    http::strip_response(head.fields);
    if (!keeps_cookies()) http::strip_cookies(head.fields);
    websocket::strip_handshake(head.fields);
    redact_fields(head.fields);
    if (!websocket_->accept.empty())
        head.fields.emplace_back("Sec-WebSocket-Accept", websocket_->accept);
    for (const RedactionPattern& pattern : service_->redactions)
        redactors_.emplace_back(pattern);
    if (client_.write_switch(head.fields)) return true;
    refuse_with(502, "upstream_protocol_error", "the origin's answer cannot be passed on");
    return false;
}

// What goes up is scanned, what comes down has the credential redacted.
MessageGate::Verdict Exchange::pass(Way way, websocket::Opcode kind, std::string_view& piece,
                                    Ends ends) {
    if (!take_bytes(piece.size())) return {kBudgetRule, service_->allowance.what_is_used_up()};
    (way == Way::kUp ? bytes_up_ : bytes_down_) += piece.size();
    if (way == Way::kUp) return pass_up(kind, piece, ends);
    if (redactors_.empty()) return {};
    std::string& text = websocket_->redacted;
    text = piece;
    if (websocket::is_control(kind)) {
        for (const RedactionPattern& pattern : service_->redactions)
            redact(text, pattern);
    } else {
        for (Redactor& redactor : redactors_) {
            std::string passed(redactor.filter(text));
            if (ends == Ends::kMessage) passed += redactor.finish();
            text = std::move(passed);
        }
    }
    piece = text;
    return {};
}

}  // namespace botbottle::egress
