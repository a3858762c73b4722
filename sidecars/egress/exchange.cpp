// The first half of an exchange: identity, policy, the record, and answers of our own. The second
// half, with the origin, is in exchange_relay.cpp.
#include "egress/exchange.h"

#include "egress/limits.h"
#include "egress/local_pages.h"
#include "egress/worker.h"
#include "http/denial.h"
#include "http/strip.h"

namespace botbottle::egress {

namespace {

constexpr std::uint16_t kHttpsPort = 443;
constexpr std::uint16_t kHttpPort = 80;

std::string_view without_query(std::string_view target) {
    return target.substr(0, target.find('?'));
}

bool is_local(std::string_view host) {
    return host == kLocalHost || host == kSuperviseHost;
}

// Other upgrades are only offers, which a proxy may leave unanswered.
bool asks_for_websocket(std::string_view upgrade) {
    bool asked = false;
    http::for_each_list_member(upgrade, [&](std::string_view protocol) {
        asked = asked || http::equal_ignoring_case(protocol, "websocket");
    });
    return asked;
}

}  // namespace

Exchange::Exchange(Worker& worker, ClientConnection& connection, ClientSide& client)
    : worker_(worker), connection_(connection), client_(client), rules_(worker.rules()) {
    connection_.exchanges_.push_back(this);
    worker_.shared().stats.requests_open.add();
}

Exchange::~Exchange() {
    std::erase(connection_.exchanges_, this);
    worker_.shared().stats.requests_open.subtract_one();
}

Task<After> Exchange::run() {
    judge();
    if (local_) co_return co_await answer_local(!worker_.shared().audit->healthy());
    if (refusal_.status == 0) compose();
    if (held_head_) co_await hold_head();
    if (abandoned_ && refusal_.status == 0) refuse_with(502, "client_gone", "the client went away");
    decision_number_ = record_decision();
    const bool recorded = co_await worker_.commit_audit();
    if (!recorded || decision_number_ == 0)
        refuse_with(503, "audit_unavailable", "the audit record cannot be written");
    if (refusal_.status != 0) co_return co_await refuse();
    if (websocket_) co_return co_await serve_websocket();
    co_return co_await serve();
}

void Exchange::abandon() {
    abandoned_ = true;
    end_hold();
    if (upstream_) upstream_->abort();
}

void Exchange::refuse_with(int status, std::string_view rule, std::string reason,
                           std::string hint) {
    refusal_ = {status, std::string(rule), std::move(reason), std::move(hint)};
}

void Exchange::judge() {
    const http::RequestHead& head = client_.head();
    method_ = head.method;
    // One byte more than is recorded shows that there was more.
    path_ = without_query(head.target).substr(0, audit::kMaxPath + 1);
    http10_ = head.minor_version == 0;
    keep_alive_ = head.keep_alive;
    expects_continue_ = head.expects_continue;
    accepts_trailers_ = head.accepts_trailers;
    framing_ = head.framing;
    identify();
    if (const http::ProtocolError error = client_.head_error(); error.status != 0)
        return refuse_with(error.status, error.rule, std::string(error.reason));
    if (refusal_.status != 0 || local_) return;
    if (connection_.turned_away_)
        return refuse_with(503, "too_many_connections", "the bottle has too many connections open",
                           "close some and try again");
    if (worker_.shared().draining.load(std::memory_order_relaxed))
        return refuse_with(503, "draining", "the egress takes no new requests");
    decide();
}

void Exchange::identify() {
    if (connection_.tunnel_)
        identify_in_tunnel();
    else
        identify_plain();
}

// Host and port of the Host field are those of the CONNECT, whatever they resolve to.
void Exchange::identify_in_tunnel() {
    const http::RequestHead& head = client_.head();
    authority_ = &*connection_.tunnel_;
    scheme_ = "https";
    authority_text_ = connection_.tunnel_text_;
    if (head.form != http::TargetForm::kOrigin && head.form != http::TargetForm::kAsterisk)
        return refuse_with(400, "bad_target", "inside a tunnel the request target is a path");
    switch (http::match_host(head.host, *authority_, kHttpsPort)) {
        case http::HostMatch::kSame:
            return;
        case http::HostMatch::kDifferent:
            return refuse_with(421, "authority_mismatch",
                               "the Host field is not the host and port of the tunnel",
                               "open a tunnel to that host");
        case http::HostMatch::kInvalid:
            return refuse_with(400, "bad_host", "the Host field is not a host and port");
    }
}

void Exchange::identify_plain() {
    http::RequestHead& head = client_.head();
    scheme_ = "http";
    if (head.form == http::TargetForm::kAbsolute) {
        own_authority_ = std::move(head.authority);
    } else if (auto host = Authority::parse(head.host, kHttpPort);
               host && is_local(host->host.text())) {
        own_authority_ = std::move(*host);
    } else {
        authority_text_ = "-";
        return refuse_with(400, "not_for_a_proxy", "the request names no host to forward it to",
                           "use this address as a proxy");
    }
    authority_ = &*own_authority_;
    authority_text_ = authority_->text();
    // RFC 9112 3.2.2 lets the target win; a client whose Host says something else is up to
    // something.
    if (!head.host.empty() &&
        http::match_host(head.host, *authority_, kHttpPort) != http::HostMatch::kSame)
        return refuse_with(421, "authority_mismatch",
                           "the Host field is not the host and port of the target");
    local_ = is_local(authority_->host.text()) && authority_->port == kHttpPort;
}

void Exchange::decide() {
    const http::RequestHead& head = client_.head();
    const auto scheme = connection_.tunnel_ ? policy::Scheme::kHttps : policy::Scheme::kHttp;
    decision_ = rules_->policy->decide({scheme, *authority_, head.method, head.target});
    if (decision_.route != nullptr) service_ = &rules_->services[decision_.route_index];
    if (!decision_.allowed)
        return refuse_with(decision_.status, decision_.rule, std::move(decision_.reason),
                           std::move(decision_.hint));
    path_ = without_query(decision_.target).substr(0, audit::kMaxPath + 1);
    if (!http10_ && asks_for_websocket(head.upgrade)) judge_websocket();
    if (refusal_.status != 0) return;
    // A client tries a 5xx again and again; what only the operator can mend is a refusal.
    if (service_->withdrawn)
        return refuse_with(403, "credential_expired", service_->problem, service_->hint);
    if (!service_->problem.empty())
        return refuse_with(502, "credential_missing", service_->problem, service_->hint);
}

// The request as it will be sent, from the judged values: what the agent wrote is scanned before
// anything of ours is in it, and the credential goes on last.
void Exchange::compose() {
    strip();
    host_ = authority_->text_for(connection_.tunnel_ ? kHttpsPort : kHttpPort);
    if (is_scanned()) scan_request_head();
    if (refusal_.status == 0 && !held_head_) finish_composing();
}

void Exchange::finish_composing() {
    if (is_scanned() && framing_.kind != http::BodyKind::kNone) begin_body_scan();
    if (refusal_.status != 0) return;
    http::RequestHead& head = client_.head();
    if (!keeps_cookies()) http::strip_cookies(head.fields);  // not before they were scanned
    if (websocket_) compose_websocket(head.fields);
    put_on_credential();
    std::size_t size = head.method.size() + decision_.target.size() + host_.size();
    for (const http::HeaderField& field : head.fields)
        size += field.name.size() + field.value.size();
    if (!service_->allowance.take_request(size))
        refuse_with(403, kBudgetRule, service_->allowance.what_is_used_up(),
                    std::string(kBudgetHint));
}

// Credentials of the agent's come off, whatever they are.
void Exchange::strip() {
    http::RequestStripping stripping;
    if (service_->credential) stripping.credential_header = service_->credential->name;
    http::strip_request(client_.head().fields, stripping);
    // An asterisk has no query.
    if (service_->parameter && decision_.target.starts_with('/'))
        decision_.target = policy::without_parameter(decision_.target, service_->parameter->name);
}

// An origin that knows whom the injected credential belongs to may say so in a cookie, which is a
// credential itself, and the agent's to keep.
bool Exchange::keeps_cookies() const {
    const auto& auth = decision_.route->auth;
    return !auth || auth->cookies;
}

void Exchange::put_on_credential() {
    if (service_->credential)
        injected_.emplace(service_->credential->name, service_->credential->value.reveal());
    if (service_->parameter && decision_.target.starts_with('/'))
        decision_.target = policy::with_parameter(decision_.target, *service_->parameter);
}

Task<After> Exchange::refuse() {
    status_ = refusal_.status;
    // A client that waits for 100 may send its body or not: where the next request begins is
    // unknown.
    const bool has_body = framing_.kind != http::BodyKind::kNone;
    const bool too_long = framing_.length.value_or(0) > kDrain;
    const bool keep =
        keep_alive_ && refusal_.status != 503 && !(has_body && (expects_continue_ || too_long));
    const std::string body =
        http::denial_body({refusal_.status, refusal_.rule, refusal_.reason, refusal_.hint});
    write_whole(refusal_.status, body, keep);
    const bool sent = co_await client_.flush();
    if (!sent) co_return After::kBreak;
    bool drained = !has_body || client_.shares_connection();
    if (keep && !drained) drained = co_await drain();
    co_return keep&& drained ? After::kKeep : After::kClose;
}

Task<After> Exchange::answer_local(bool closed) {
    const bool keep = keep_alive_ && framing_.kind == http::BodyKind::kNone;
    if (authority_->host.text() == kSuperviseHost) {
        // 307: a POST stays one, with its body.
        const std::string there =
            std::string(kSuperviseAddress) + std::string(client_.head().target);
        write_whole(307, R"({"hint":"ask there; in a bottle with supervise: true"})", keep, there);
    } else {
        const LocalPage page = local_page(path_, *rules_->policy, closed);
        write_whole(page.status, page.body, keep);
    }
    const bool sent = co_await client_.flush();
    co_return sent&& keep ? After::kKeep : After::kClose;
}

// An answer of our own; `body` is JSON.
void Exchange::write_whole(int status, std::string_view body, bool keep,
                           std::string_view location) {
    http::HeaderFields fields = {{"Content-Type", "application/json"},
                                 {"Cache-Control", "no-store"}};
    if (!location.empty()) fields.emplace_back("Location", location);
    const bool head_only = method_ == "HEAD";
    const auto kind = head_only ? http::BodyKind::kNone : http::BodyKind::kLength;
    (void)client_.write_head(status, http::reason_phrase(status), fields, {kind, body.size()},
                             keep);
    if (head_only) return;
    client_.write(body);
    client_.finish({});
}

// Reads what is left of a refused request's body and throws it away.
Task<bool> Exchange::drain() {
    client_.set_deadline(kLingerTime);
    for (std::size_t drained = 0; drained <= kDrain;) {
        const http::Event event = client_.next();
        drained += event.consumed;
        if (event.kind == http::EventKind::kEnd) co_return true;
        if (event.kind == http::EventKind::kError) co_return false;
        if (event.kind != http::EventKind::kNeedMore) continue;
        const bool more = co_await client_.read_more();
        if (!more) co_return false;
    }
    co_return false;
}

audit::Record Exchange::make_record() const {
    audit::Record record;
    record.subject = {method_, scheme_, authority_text_, path_};
    record.verdict = refusal_.status == 0 ? "allowed" : "denied";
    if (decision_.route != nullptr) record.route = service_->name;
    if (refusal_.status == 0 && service_ != nullptr) record.credential = service_->slot;
    return record;
}

std::uint64_t Exchange::record_decision() {
    Shared& shared = worker_.shared();
    audit::Record record = make_record();
    const bool allowed = refusal_.status == 0;
    record.rule = allowed ? decision_.rule : refusal_.rule;
    record.reason = allowed ? let_through_ : refusal_.reason;
    (allowed ? shared.stats.allowed : shared.stats.denied).add();
    if (service_ != nullptr) {
        service_->counters->requests.add();
        if (!allowed) service_->counters->denied.add();
    }
    return shared.audit->append(record);
}

void Exchange::record_outcome() {
    Shared& shared = worker_.shared();
    shared.stats.bytes_up.add(bytes_up_);
    shared.stats.bytes_down.add(bytes_down_);
    service_->counters->bytes_up.add(bytes_up_);
    service_->counters->bytes_down.add(bytes_down_);
    audit::Record record = make_record();
    record.request = decision_number_;
    record.rule = outcome_;
    record.reason = outcome_reason_.empty() ? let_through_ : outcome_reason_;
    const auto elapsed =
        std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - started_);
    record.outcome = audit::Outcome{status_, bytes_up_, bytes_down_,
                                    static_cast<std::uint64_t>(elapsed.count())};
    shared.audit->append(record);
    worker_.commit_audit_soon();
}

}  // namespace botbottle::egress
