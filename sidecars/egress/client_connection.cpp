// See client_connection.h.
#include "egress/client_connection.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "egress/exchange.h"
#include "egress/http1_client.h"
#include "egress/http2_client.h"
#include "egress/limits.h"
#include "egress/tunnel.h"
#include "egress/worker.h"
#include "http/denial.h"
#include "tls/alpn.h"

namespace botbottle::egress {

namespace {
constexpr unsigned char kTlsHandshakeRecord = 0x16;
constexpr std::string_view kTunnelOpened = "HTTP/1.1 200 Connection established\r\n\r\n";
}  // namespace

ClientConnection::ClientConnection(Worker& worker, control::Descriptor socket, bool turned_away)
    : worker_(worker),
      turned_away_(turned_away),
      stream_(worker, std::move(socket)),
      input_(worker.blocks()),
      served_(worker.executor()) {}

Task<void> ClientConnection::run() {
    After after = After::kKeep;
    while (after == After::kKeep) {
        const Next next = co_await next_head();
        if (next == Next::kGone) co_return;
        if (next == Next::kMalformed) {
            after = co_await refuse_malformed();
        } else if (parser_.head().form == http::TargetForm::kAuthority && !tunnel_) {
            after = co_await open_tunnel();
        } else {
            Http1Client client(worker_, stream_, input_, parser_);
            Exchange exchange(worker_, *this, client);
            after = co_await exchange.run();
        }
        parser_.reset();
    }
    if (after == After::kBreak)
        stream_.shut_down_broken();
    else
        co_await linger();
}

Task<ClientConnection::Next> ClientConnection::next_head() {
    bool begun = false;
    stream_.set_deadline(kIdleTime);
    for (;;) {
        const http::Event event = parser_.next(input_.unread());
        input_.consume(event.consumed);
        if (event.kind == http::EventKind::kHead) co_return Next::kHead;
        if (event.kind == http::EventKind::kError) co_return Next::kMalformed;
        if (parser_.is_idle()) {
            if (worker_.shared().draining.load(std::memory_order_relaxed)) co_return Next::kGone;
            input_.rest();
        } else if (!begun) {
            begun = true;
            stream_.set_deadline(kHeaderTime);
        }
        const Stream::Read read = co_await stream_.read(input_);
        if (read != Stream::Read::kData) co_return Next::kGone;
    }
}

Task<After> ClientConnection::open_tunnel() {
    const http::RequestHead& head = parser_.head();
    const Authority authority = *head.authority;
    tunnel_text_ = authority.text();
    if (turned_away_)
        co_return co_await refuse_connect(503, "too_many_connections",
                                          "the bottle has too many connections open",
                                          "close some and try again");
    if (head.framing.kind != http::BodyKind::kNone)
        co_return co_await refuse_connect(400, "connect_with_body", "a CONNECT has no body", "");
    if (!head.host.empty() &&
        http::match_host(head.host, authority, authority.port) != http::HostMatch::kSame)
        co_return co_await refuse_connect(421, "authority_mismatch",
                                          "the Host field is not the CONNECT authority", "");
    policy::Decision decision = worker_.rules()->policy->decide_connect(authority);
    // Clients retry a refused CONNECT for many seconds, but believe an answer at once: where the
    // host has a route, what is wrong with port, method or path is said inside the tunnel.
    if (!decision.allowed && decision.route == nullptr)
        co_return co_await refuse_connect(decision.status, decision.rule,
                                          std::move(decision.reason), std::move(decision.hint));
    stream_.write(kTunnelOpened);
    const bool sent = co_await stream_.flush();
    if (!sent) co_return After::kBreak;
    tunnel_ = authority;
    // Again, since the rules may have changed: from here on a change finds this tunnel.
    decision = worker_.rules()->policy->decide_connect(authority);
    if (decision.allowed && !decision.route->intercept) {
        co_await pass_through(authority, decision.route_index);
        co_return After::kClose;
    }
    identity_.emplace(authority.host);
    const bool started = co_await start_tls();
    if (!started) co_return After::kClose;
    if (!tls::speaks_http2(stream_.ssl())) co_return After::kKeep;
    co_await serve_http2();
    co_return After::kClose;
}

Task<void> ClientConnection::serve_http2() {
    link_ = std::make_shared<Http2Link>(worker_, stream_, input_, http2::Side::kServer);
    co_await link_->run([this] { take_streams(); });
    for (Exchange* exchange : exchanges_)
        exchange->abandon();
    while (serving_ > 0)
        co_await served_.wait();
}

void ClientConnection::take_streams() {
    for (const http::ProtocolError& violation : link_->session().take_violations())
        record_refusal(violation.rule, violation.reason, "-");
    while (http2::StreamPtr stream = link_->session().take_request()) {
        ++serving_;
        // Counts down also when the coroutine ends by an exception (no memory).
        std::shared_ptr<void> served(nullptr, [this](void*) {
            --serving_;
            served_.ring();
        });
        asio::co_spawn(
            worker_.executor(),
            [this, stream = std::move(stream), served = std::move(served)]() -> Task<void> {
                co_await serve_stream(stream);
            },
            asio::detached);
    }
}

Task<void> ClientConnection::serve_stream(http2::StreamPtr stream) {
    Http2Client client(link_, std::move(stream));
    After after = After::kBreak;
    {
        Exchange exchange(worker_, *this, client);
        if (!client.gone()) after = co_await exchange.run();
    }
    client.end(after);
}

Task<void> ClientConnection::pass_through(const Authority& authority, std::size_t route_index) {
    Tunnel tunnel(worker_, stream_, input_, authority, worker_.rules(), route_index);
    passing_ = &tunnel;
    co_await tunnel.run();
    passing_ = nullptr;
}

Task<bool> ClientConnection::start_tls() {
    stream_.set_deadline(kHandshakeTime);
    std::optional<unsigned char> first;
    if (!input_.empty())
        first = static_cast<unsigned char>(input_.unread().front());
    else
        first = co_await stream_.peek_byte();
    if (!first) co_return false;
    if (*first != kTlsHandshakeRecord) {
        record_refusal("not_tls", "the tunnel's first bytes are not a TLS handshake");
        co_return false;
    }
    const auto& context = worker_.shared().identity->context();
    if (!context) {
        record_refusal("certificate_failed", context.error().message);
        co_return false;
    }
    tls::SslPtr ssl = (*context)->new_connection(*identity_);
    if (!ssl) co_return false;
    stream_.use_tls(std::move(ssl), input_.unread());
    input_.consume(input_.unread().size());
    input_.rest();
    const bool secured = co_await stream_.handshake();
    if (secured) co_return true;
    if (!identity_->rule.empty())
        record_refusal(identity_->rule, identity_->reason);
    else if (stream_.aborted())
        record_refusal("client_tls_failed", "the TLS handshake was not finished in time");
    else
        record_refusal("client_tls_failed", "the TLS handshake failed: " + tls::take_error());
    co_return false;
}

Task<After> ClientConnection::refuse_connect(int status, std::string_view rule, std::string reason,
                                             std::string hint) {
    record_refusal(rule, reason);
    const bool recorded = co_await worker_.commit_audit();
    if (!recorded) {
        status = 503;
        rule = "audit_unavailable";
        reason = "the audit record cannot be written";
        hint.clear();
    }
    // A body may follow only where it should not be; then the connection cannot be kept.
    const bool keep = parser_.head().keep_alive && !turned_away_ &&
                      parser_.head().framing.kind == http::BodyKind::kNone;
    std::string& text = worker_.scratch();
    http::append_denial_response(text, {status, rule, reason, hint}, keep, false);
    stream_.write(text);
    const bool sent = co_await stream_.flush();
    co_return sent&& keep ? After::kKeep : After::kClose;
}

Task<After> ClientConnection::refuse_malformed() {
    const http::ProtocolError error = parser_.error();
    record_refusal(error.rule, error.reason, "-");
    const bool recorded = co_await worker_.commit_audit();
    std::string& text = worker_.scratch();
    if (recorded)
        http::append_denial_response(text, {error.status, error.rule, error.reason, ""}, false,
                                     false);
    else
        http::append_denial_response(
            text, {503, "audit_unavailable", "the audit record cannot be written", ""}, false,
            false);
    stream_.write(text);
    (void)co_await stream_.flush();
    co_return After::kClose;
}

void ClientConnection::record_refusal(std::string_view rule, std::string_view reason,
                                      std::string_view method) {
    audit::Record record;
    record.verdict = "denied";
    record.rule = rule;
    record.reason = reason;
    record.subject.method = method;
    record.subject.authority = tunnel_text_.empty() ? "-" : std::string_view(tunnel_text_);
    worker_.shared().audit->append(record);
    worker_.commit_audit_soon();
    worker_.shared().stats.denied.add();
}

// What the client is still sending would meet a closed socket, and the reset would destroy the
// answer on its way (RFC 9112 9.6).
Task<void> ClientConnection::linger() {
    stream_.shut_down();
    stream_.set_deadline(kLingerTime);
    std::size_t drained = 0;
    while (drained < kDrain) {
        input_.consume(input_.unread().size());
        const Stream::Read read = co_await stream_.read(input_);
        if (read != Stream::Read::kData) co_return;
        drained += input_.unread().size();
    }
}

void ClientConnection::watch() {
    if (link_) return link_->watch(worker_.now());
    if (!exchanges_.empty() && stream_.peer_left()) exchanges_.front()->abandon();
}

void ClientConnection::end_if_revoked() {
    const Authority* authority = tunnel_ ? &*tunnel_ : nullptr;
    if (authority == nullptr && !exchanges_.empty()) authority = exchanges_.front()->authority();
    if (authority == nullptr) return;
    // A tunnel that was let through stays so no longer than its route says, and the other way
    // round.
    const policy::Decision decision = worker_.rules()->policy->decide_connect(*authority);
    const bool tunnelled = tunnel_ && decision.allowed && !decision.route->intercept;
    if (decision.allowed && (!tunnel_ || tunnelled == (passing_ != nullptr))) return;
    stream_.abort();
    for (Exchange* exchange : exchanges_)
        exchange->abandon();
    if (passing_ != nullptr) passing_->abandon();
}

void ClientConnection::end_if_idle() {
    if (!exchanges_.empty()) {
        if (link_) link_->session().go_away();
        if (link_) link_->retire();
        return;
    }
    if (link_ || parser_.is_idle()) stream_.abort();
}

}  // namespace botbottle::egress
