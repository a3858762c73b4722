// The second half of an exchange: the origin. The request's body goes up in a coroutine of its own
// as soon as it does not lie in memory already, because an origin may answer before it has read
// all.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>

#include "egress/dialler.h"
#include "egress/exchange.h"
#include "egress/http2_origin.h"
#include "egress/limits.h"
#include "egress/worker.h"
#include "http/strip.h"

namespace botbottle::egress {

namespace {

// RFC 9110 9.2.2.
bool is_idempotent(std::string_view method) {
    return method == "GET" || method == "HEAD" || method == "OPTIONS" || method == "PUT" ||
           method == "DELETE";
}

// Bodies in which a credential could be read by someone: everything that is not known to be binary,
// and not compressed.
bool is_readable_text(const http::HeaderFields& fields) {
    if (http::find(fields, http::HeaderId::kContentEncoding) != nullptr) return false;
    const http::HeaderField* type = http::find(fields, http::HeaderId::kContentType);
    if (type == nullptr) return true;
    for (const std::string_view binary : {"image/", "audio/", "video/", "font/"}) {
        if (http::equal_ignoring_case(type->value.substr(0, binary.size()), binary)) return false;
    }
    return !http::equal_ignoring_case(type->value, "application/octet-stream");
}

}  // namespace

Task<After> Exchange::serve() {
    client_.set_deadline(kAnswerTime);
    if (expects_continue_) {
        (void)client_.write_informational(100, http::reason_phrase(100), {});
        const bool sent = co_await client_.flush();
        if (!sent) co_return co_await finish(false);
    }
    Answer answer = Answer::kNothing;
    for (bool retried = false;; retried = true) {
        upstream_ = retried ? nullptr : worker_.pool().take(worker_, target());
        if (!upstream_) {
            const bool connected = co_await connect();
            if (!connected) break;
        }
        if (!send_request()) {
            refuse_with(502, "upstream_protocol_error", "the request cannot be sent to the origin");
            break;
        }
        if (upload_ == Upload::kMalformed) break;
        co_await begin_upload();
        answer = co_await read_answer();
        if (answer != Answer::kNothing || retried || !may_retry()) break;
    }
    if (answer == Answer::kHead) {
        send_head();
        co_return co_await finish(co_await relay_body());
    }
    co_return co_await give_up(answer);
}

Target Exchange::target() const {
    return {decision_.route_index, authority_->port, connection_.tunnel_.has_value(),
            authority_->host.text(), websocket_ != nullptr};
}

Task<bool> Exchange::connect() {
    const Target to = target();
    Dialled dialled = co_await dial(worker_, *rules_, *decision_.route, authority_->host, to);
    if (!dialled) {
        refuse_with(dialled.error().status, dialled.error().rule,
                    std::move(dialled.error().reason));
        co_return false;
    }
    UpstreamPtr connection = std::move(*dialled);
    if (connection->speaks_http2())
        upstream_ = share_http2(worker_, std::move(connection));
    else
        upstream_ = std::move(connection);
    co_return !abandoned_;
}

// From the judged values, whose bytes lie with the client until its body is read; the credential
// goes on last.
bool Exchange::send_request() {
    if (upstream_->was_reused()) worker_.shared().stats.upstream_reused.add();
    const http::RequestHead& head = client_.head();
    if (!upstream_->write_head({head.method, decision_.target, host_}, head.fields, framing_,
                               injected_ ? &*injected_ : nullptr))
        return false;
    upstream_->set_deadline(kAnswerTime);
    if (upload_ == Upload::kUnderWay) upload_ = pump_upload();
    return true;
}

// Payload that was read already goes on, as far as the scanner lets it and this turn goes.
Exchange::Upload Exchange::pump_upload() {
    turn_used_up_ = false;
    Upload state = Upload::kUnderWay;
    if (!unscanned_.empty()) state = scan_up(std::exchange(unscanned_, {}));
    while (state == Upload::kUnderWay && !turn_used_up_) {
        const http::Event event = client_.next();
        switch (event.kind) {
            case http::EventKind::kBody:
                if (!take_bytes(event.data.size())) return Upload::kMalformed;
                bytes_up_ += event.data.size();
                state = scan_up(event.data);
                break;
            case http::EventKind::kEnd:
                return scan_end();
            case http::EventKind::kNeedMore:
                release_waiting();
                return Upload::kUnderWay;
            case http::EventKind::kError:
                return Upload::kMalformed;
            case http::EventKind::kHead:
            case http::EventKind::kTrailers:
                break;
        }
    }
    return state;
}

http::HeaderFields Exchange::allowed_trailers(const http::HeaderFields& received) const {
    if (!accepts_trailers_ || received.empty()) return {};
    http::HeaderFields trailers = received;
    http::strip_trailers(trailers,
                         service_->credential ? service_->credential->name : std::string_view());
    return trailers;
}

Task<void> Exchange::begin_upload() {
    if (upload_ != Upload::kUnderWay && upload_ != Upload::kHeld) {
        // A failure shows when the answer is read.
        (void)co_await upstream_->flush();
        co_return;
    }
    upload_ended_.emplace(worker_.executor());
    asio::co_spawn(worker_.executor(), upload(), asio::detached);
}

Task<void> Exchange::upload() {
    while (upload_ == Upload::kUnderWay || upload_ == Upload::kHeld) {
        const bool sent = co_await upstream_->flush();
        if (!sent) {
            upload_ = Upload::kFailed;
            break;
        }
        if (upload_ == Upload::kHeld) {
            const Upload after = co_await hold_body();
            upload_ = after;
            continue;
        }
        if (turn_used_up_) {
            co_await asio::post(worker_.executor(), asio::deferred);
            if (upload_stopped_ || abandoned_) {
                upload_ = Upload::kFailed;
                break;
            }
        } else {
            client_.set_deadline(kIdleTime);
            const bool more = co_await client_.read_more();
            if (!more) {
                upload_ = Upload::kFailed;
                if (!upload_stopped_) abandon();
                break;
            }
        }
        upstream_->set_deadline(kAnswerTime);
        upload_ = pump_upload();
    }
    client_.set_deadline(kAnswerTime);
    // The origin must not take a part for the whole.
    if (upload_ == Upload::kMalformed) upstream_->abort();
    if (upload_ == Upload::kComplete) {
        const bool sent = co_await upstream_->flush();
        if (!sent) upload_ = Upload::kFailed;
    }
    upload_ended_->set();
}

Task<void> Exchange::stop_upload() {
    if (!upload_ended_) co_return;
    if (upload_ == Upload::kUnderWay || upload_ == Upload::kHeld) {
        upload_stopped_ = true;
        end_hold();
        upstream_->abort();
        client_.interrupt();
    }
    co_await upload_ended_->wait();
}

Task<Exchange::Answer> Exchange::read_answer() {
    bool begun = false;
    for (;;) {
        const http::Event event = upstream_->next();
        if (event.kind == http::EventKind::kHead) {
            if (!upstream_->head().is_informational()) {
                // Where no upgrade was asked for, what follows 101 would not be HTTP.
                const bool switched = upstream_->head().status == 101 && !websocket_;
                co_return switched ? Answer::kBroken : Answer::kHead;
            }
            const bool relayed = co_await relay_informational();
            if (!relayed) co_return Answer::kBroken;
            continue;
        }
        if (event.kind == http::EventKind::kError) {
            const bool nothing = upstream_->refused() && !begun;
            co_return nothing ? Answer::kNothing : Answer::kBroken;
        }
        const OriginSide::More more = co_await upstream_->read_more();
        if (more != OriginSide::More::kMore) co_return begun ? Answer::kBroken : Answer::kNothing;
        begun = true;
    }
}

Task<bool> Exchange::relay_informational() {
    http::ResponseHead& head = upstream_->head();
    // We answered an Expect ourselves; HTTP/1.0 knows no 1xx.
    const bool relayed =
        !http10_ && (head.status == 103 || (head.status == 100 && !expects_continue_));
    if (!relayed) co_return true;
    http::strip_response(head.fields);
    if (!keeps_cookies()) http::strip_cookies(head.fields);
    redact_fields(head.fields);
    if (!client_.write_informational(head.status, head.reason, head.fields)) co_return true;
    co_return co_await client_.flush();
}

void Exchange::send_head() {
    http::ResponseHead& head = upstream_->head();
    status_ = head.status;
    if (is_readable_text(head.fields)) {
        for (const RedactionPattern& pattern : service_->redactions)
            redactors_.emplace_back(pattern);
    }
    http::Framing framing = head.framing;
    // A body that ends with its connection is sent in chunks: its end, or the lack of it, shows.
    if (framing.kind == http::BodyKind::kUntilClose) framing = {http::BodyKind::kChunked, {}};
    if (framing.kind == http::BodyKind::kChunked && http10_)
        framing = {http::BodyKind::kUntilClose, {}};
    if (worker_.shared().draining.load(std::memory_order_relaxed)) keep_alive_ = false;
    http::strip_response(head.fields);
    if (!keeps_cookies()) http::strip_cookies(head.fields);
    redact_fields(head.fields);
    if (!client_.write_head(head.status, head.reason, head.fields, framing, keep_alive_))
        upstream_->abort();
}

void Exchange::redact_fields(http::HeaderFields& fields) {
    for (http::HeaderField& field : fields) {
        for (const RedactionPattern& pattern : service_->redactions) {
            if (field.value.find(pattern.value()) == std::string_view::npos) continue;
            std::string& text = redacted_fields_.emplace_back(field.value);
            redact(text, pattern);
            field.value = text;
        }
    }
}

// True when the whole body came and went.
Task<bool> Exchange::relay_body() {
    for (;;) {
        const http::Event event = upstream_->next();
        if (event.kind == http::EventKind::kBody) {
            if (!take_bytes(event.data.size())) co_return false;
            write_payload(event.data);
        }
        if (event.kind == http::EventKind::kEnd) break;
        if (event.kind == http::EventKind::kError) co_return false;
        if (event.kind != http::EventKind::kNeedMore) continue;
        const bool sent = co_await client_.flush();
        if (!sent) co_return false;
        client_.set_deadline(kAnswerTime);
        upstream_->set_deadline(kAnswerTime);
        const OriginSide::More more = co_await upstream_->read_more();
        if (more == OriginSide::More::kMore) continue;
        if (more == OriginSide::More::kFailed) co_return false;
        break;
    }
    finish_redaction();
    client_.finish(allowed_trailers(upstream_->trailers()));
    co_return co_await client_.flush();
}

// Not one byte beyond the budget goes either way.
bool Exchange::take_bytes(std::size_t size) {
    over_budget_ = over_budget_ || !service_->allowance.take_bytes(size);
    return !over_budget_;
}

void Exchange::write_payload(std::string_view payload) {
    bytes_down_ += payload.size();
    if (redactors_.empty()) return client_.write(payload);
    std::string_view looked_at = payload.substr(0, kRedactedBody - redacted_);
    payload.remove_prefix(looked_at.size());
    redacted_ += looked_at.size();
    for (Redactor& redactor : redactors_)
        looked_at = redactor.filter(looked_at);
    client_.write(looked_at);
    if (redacted_ < kRedactedBody) return;
    finish_redaction();
    client_.write(payload);
}

void Exchange::finish_redaction() {
    std::string rest;
    for (Redactor& redactor : redactors_) {
        std::string passed(redactor.filter(rest));
        passed += redactor.finish();
        rest = std::move(passed);
    }
    redactors_.clear();
    client_.write(rest);
}

bool Exchange::may_retry() const {
    if (abandoned_ || framing_.kind != http::BodyKind::kNone) return false;
    return upstream_->refused() || (upstream_->was_reused() && is_idempotent(method_));
}

// No response came, or none that can be passed on.
Task<After> Exchange::give_up(Answer answer) {
    co_await stop_upload();
    const bool timed_out = upstream_ && upstream_->timed_out();
    if (abandoned_ || client_.gone()) {
        refuse_with(502, "client_gone", "the client went away");
    } else if (over_budget_) {
        refuse_with(403, kBudgetRule, service_->allowance.what_is_used_up(),
                    std::string(kBudgetHint));
        keep_alive_ = false;
    } else if (caught_) {
        refuse_with(403, caught_->rule, caught_->reason, std::string(caught_->hint));
        keep_alive_ = false;
    } else if (upload_ == Upload::kMalformed) {
        const http::ProtocolError error = client_.error();
        refuse_with(error.status, error.rule, std::string(error.reason));
        keep_alive_ = false;
    } else if (timed_out) {
        refuse_with(502, "upstream_timeout", "the origin did not answer in time");
    } else if (refusal_.status == 0 && answer == Answer::kBroken) {
        const http::ProtocolError error = upstream_->error();
        refuse_with(502, "upstream_protocol_error",
                    error.reason.empty() ? "the origin closed the connection within its answer"
                                         : std::string(error.reason));
    } else if (refusal_.status == 0) {
        refuse_with(502, "upstream_closed", "the origin closed the connection without an answer");
    }
    outcome_ = refusal_.rule;
    outcome_reason_ = refusal_.reason;
    After after = After::kBreak;
    if (!abandoned_) after = co_await refuse();
    record_outcome();
    co_return after;
}

Task<After> Exchange::finish(bool complete) {
    if (!complete) {
        const bool client_gone = abandoned_ || client_.gone();
        outcome_ = client_gone ? "client_gone" : "upstream_truncated";
        outcome_reason_ = client_gone ? "the client went away"
                                      : "the origin closed the connection within its answer";
        if (over_budget_) {
            outcome_ = kBudgetRule;
            outcome_reason_ = service_->allowance.what_is_used_up();
        } else if (caught_) {
            outcome_ = caught_->rule;
            outcome_reason_ = caught_->reason;
        }
        co_await stop_upload();
        record_outcome();
        co_return After::kBreak;
    }
    if (upload_ended_) {
        // The answer came first. What is left of the request is given a moment, then given up.
        client_.set_deadline(kLingerTime);
        upstream_->set_deadline(kLingerTime);
        // Whoever is asked about a part that its origin does not need decides nothing any more.
        if (upload_ == Upload::kHeld) upload_stopped_ = true;
        end_hold();
        co_await upload_ended_->wait();
        if (caught_) {
            outcome_ = caught_->rule;
            outcome_reason_ = caught_->reason;
        }
    }
    record_outcome();
    const bool uploaded = upload_ == Upload::kComplete;
    if (uploaded) OriginSide::give_back(std::move(upstream_));
    co_return uploaded&& keep_alive_ ? After::kKeep : After::kClose;
}

}  // namespace botbottle::egress
