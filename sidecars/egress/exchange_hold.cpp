// What an exchange does where its route says `dlp: hold`: it stands still, with nothing more of the
// request on its way, until the operator lets that finding through or not.
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/post.hpp>

#include "egress/exchange.h"
#include "egress/limits.h"
#include "egress/worker.h"

namespace botbottle::egress {

// A hold, shared with whoever answers it: the exchange may be gone by then.
struct Exchange::Hold {
    explicit Hold(const Executor& executor) : answered(executor) {}

    asio::basic_waitable_timer<Clock, asio::wait_traits<Clock>, Executor> answered;
    bool over = false;
    bool allowed = false;

    void end(bool allow) {
        over = true;
        allowed = allow;
        answered.cancel();
    }
};

// What cannot be judged is not the operator's to let through either: nobody knows what it holds.
bool Exchange::may_hold(const Caught& caught) const {
    return decision_.route->dlp == policy::Dlp::kHold && !caught.rule.starts_with("scan-");
}

// Whether the operator lets it through. `caught` gets a reason that says what became of it.
Task<bool> Exchange::ask_operator(Caught& caught) {
    const auto hold = std::make_shared<Hold>(worker_.executor());
    hold->answered.expires_after(kHoldTime);
    Holds& holds = worker_.shared().holds;
    const std::string name =
        holds.ask({caught.rule, caught.reason, method_, scheme_, authority_text_, path_},
                  [hold, executor = worker_.executor()](bool allowed) {
                      asio::post(executor, [hold, allowed] { hold->end(allowed); });
                  });
    if (name.empty()) {
        caught.reason += "; it was not held, since too many requests wait for the operator";
        co_return false;
    }
    hold_ = hold;
    while (!hold->over) {
        const auto [error] = co_await hold->answered.async_wait(kAwait);
        if (!error) break;  // the time is over
    }
    hold_ = nullptr;
    if (!hold->over) caught.reason += "; it was held, and the operator did not answer in time";
    if (hold->over && !hold->allowed)
        caught.reason += "; it was held, and the operator did not let it through";
    holds.end(name);
    if (hold->allowed) {
        if (!let_through_.empty()) let_through_ += "; ";
        let_through_ += "let through by the operator: " + caught.reason;
    }
    co_return hold->allowed;
}

void Exchange::end_hold() {
    if (hold_) hold_->end(false);
}

// Before anything is sent.
Task<void> Exchange::hold_head() {
    client_.set_deadline(kAnswerTime);
    Caught caught = *std::exchange(held_head_, std::nullopt);
    const bool allowed = co_await ask_operator(caught);
    if (allowed)
        finish_composing();
    else
        refuse_head(caught);
}

// In the middle of the body, or at its end. Another rule may have found something besides.
Task<Exchange::Upload> Exchange::hold_body() {
    Upload state = Upload::kHeld;
    while (state == Upload::kHeld) {
        Caught caught = *body_scan_->caught();
        client_.set_deadline(kAnswerTime);
        upstream_->set_deadline(kAnswerTime);
        const bool allowed = co_await ask_operator(caught);
        if (upload_stopped_ || abandoned_) co_return Upload::kFailed;
        if (!allowed) {
            catch_with(std::move(caught));
            co_return Upload::kMalformed;
        }
        body_scan_->let_through();
        state = go_on_after_hold();
    }
    co_return state;
}

Exchange::Upload Exchange::go_on_after_hold() {
    const std::string piece = std::exchange(held_piece_, {});
    const std::optional<Released> released =
        held_at_end_ ? body_scan_->finish_again() : body_scan_->feed_again(piece);
    if (!released) {
        held_piece_ = piece;
        if (may_hold(*body_scan_->caught())) return Upload::kHeld;
        catch_with(*body_scan_->caught());
        return Upload::kMalformed;
    }
    send_up(*released);
    if (!held_at_end_) return pump_upload();
    upstream_->finish(allowed_trailers(client_.trailers()));
    return Upload::kComplete;
}

}  // namespace botbottle::egress
