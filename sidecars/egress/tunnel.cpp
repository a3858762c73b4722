// See tunnel.h.
#include "egress/tunnel.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "egress/limits.h"
#include "egress/worker.h"
#include "tls/client_hello.h"

namespace botbottle::egress {

Tunnel::Tunnel(Worker& worker, Stream& client, InputBuffer& input, const Authority& authority,
               std::shared_ptr<const Rules> rules, std::size_t route_index)
    : worker_(worker),
      client_(client),
      input_(input),
      authority_(authority),
      authority_text_(authority.text()),
      rules_(std::move(rules)),
      route_index_(route_index) {}

Task<void> Tunnel::run() {
    const Hello hello = co_await read_hello();
    if (hello == Hello::kGone) co_return;
    const bool admitted = co_await admit();
    if (!admitted) co_return;
    worker_.shared().stats.requests_open.add();
    co_await connect_and_relay();
    worker_.shared().stats.requests_open.subtract_one();
    record_outcome();
}

Task<Tunnel::Hello> Tunnel::read_hello() {
    client_.set_deadline(kHandshakeTime);
    for (;;) {
        tls::HelloVerdict verdict = tls::judge_client_hello(input_.unread(), authority_.host);
        if (verdict.state == tls::HelloState::kGood) co_return Hello::kGood;
        if (verdict.state == tls::HelloState::kRefused) {
            denied_ = true;
            end_with(verdict.rule, std::move(verdict.reason));
            co_return Hello::kRefused;
        }
        const Stream::Read read = co_await client_.read(input_);
        if (read != Stream::Read::kData) co_return Hello::kGone;
    }
}

// Draws on the budgets and writes the record; nothing is dialled before.
Task<bool> Tunnel::admit() {
    const RouteService& service = rules_->services[route_index_];
    Stats& stats = worker_.shared().stats;
    if (!denied_ && !service.allowance.take_request(0)) {
        denied_ = true;
        end_with(kBudgetRule, service.allowance.what_is_used_up());
    }
    service.counters->requests.add();
    if (denied_) service.counters->denied.add();
    (denied_ ? stats.denied : stats.allowed).add();
    audit::Record record = make_record();
    record.rule = denied_ ? rule_ : "route_tunnelled";
    record.reason = reason_;
    decision_number_ = worker_.shared().audit->append(record);
    const bool recorded = co_await worker_.commit_audit();
    co_return recorded&& decision_number_ != 0 && !denied_ && !abandoned_;
}

Task<void> Tunnel::connect_and_relay() {
    const policy::Route& route = rules_->policy->routes()[route_index_];
    const Target target{route_index_, authority_.port, false, authority_.host.text()};
    client_.set_deadline(kAnswerTime);
    Dialled dialled = co_await dial(worker_, *rules_, route, authority_.host, target);
    if (!dialled) {
        denied_ = dialled.error().status == 403;
        end_with(dialled.error().rule, std::move(dialled.error().reason));
        co_return;
    }
    upstream_ = std::move(*dialled);
    if (abandoned_) co_return;
    sent_up_.emplace(worker_.executor());
    asio::co_spawn(worker_.executor(), send_up(), asio::detached);
    co_await copy(upstream_->stream, upstream_->input, client_, down_);
    co_await sent_up_->wait();
}

Task<void> Tunnel::send_up() {
    co_await copy(client_, input_, upstream_->stream, up_);
    sent_up_->set();
}

Task<void> Tunnel::copy(Stream& from, InputBuffer& input, Stream& to, std::uint64_t& size) {
    const Allowance& allowance = rules_->services[route_index_].allowance;
    for (;;) {
        const std::string_view bytes = input.unread();
        if (!bytes.empty()) {
            if (!allowance.take_bytes(bytes.size())) {
                end_with(kBudgetRule, allowance.what_is_used_up());
                co_return abandon();
            }
            to.write(bytes);
            size += bytes.size();
            input.consume(bytes.size());
        }
        from.set_deadline(kAnswerTime);
        to.set_deadline(kAnswerTime);
        const bool sent = co_await to.flush();
        if (!sent) break;
        input.rest();
        const Stream::Read read = co_await from.read(input);
        if (read == Stream::Read::kEnd) co_return to.shut_down();
        if (read != Stream::Read::kData) break;
    }
    const bool idle = client_.is_past(worker_.now());
    end_with(
        idle ? "idle_timeout" : "connection_lost",
        idle ? "nothing went through for too long" : "one side closed the connection abruptly");
    abandon();
}

void Tunnel::abandon() {
    abandoned_ = true;
    client_.abort();
    if (upstream_) upstream_->stream.abort();
}

void Tunnel::end_with(std::string_view rule, std::string reason) {
    if (rule_ != "completed") return;  // the first cause is the cause
    rule_ = rule;
    reason_ = std::move(reason);
}

audit::Record Tunnel::make_record() const {
    audit::Record record;
    record.subject.method = "CONNECT";
    record.subject.authority = authority_text_;
    record.verdict = denied_ ? "denied" : "allowed";
    record.route = rules_->services[route_index_].name;
    return record;
}

void Tunnel::record_outcome() {
    Shared& shared = worker_.shared();
    RouteCounters& counters = *rules_->services[route_index_].counters;
    shared.stats.bytes_up.add(up_);
    shared.stats.bytes_down.add(down_);
    counters.bytes_up.add(up_);
    counters.bytes_down.add(down_);
    audit::Record record = make_record();
    record.request = decision_number_;
    record.rule = rule_;
    record.reason = reason_;
    const auto elapsed =
        std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - started_);
    record.outcome = audit::Outcome{0, up_, down_, static_cast<std::uint64_t>(elapsed.count())};
    shared.audit->append(record);
    worker_.commit_audit_soon();
}

}  // namespace botbottle::egress
