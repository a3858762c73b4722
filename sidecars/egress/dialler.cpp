// See dialler.h. Every address is checked before any is dialled, and what was dialled is compared
// (attempts.cpp) with what was checked: a name that resolves to a private address, now or the
// second time, gets nowhere (CWE-350).
#include "egress/dialler.h"

#include <ifaddrs.h>
#include <netinet/in.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "egress/attempts.h"
#include "egress/limits.h"
#include "egress/worker.h"
#include "tls/alpn.h"

namespace botbottle::egress {

namespace {

using Addresses = tl::expected<std::vector<IpAddress>, DialFailure>;
using Connected = tl::expected<control::Descriptor, DialFailure>;

tl::unexpected<DialFailure> fail(int status, std::string_view rule, std::string reason) {
    return tl::make_unexpected(DialFailure{status, rule, std::move(reason)});
}

// The addresses of this machine's own interfaces: a public one leads to its services from inside.
class OwnAddresses {
  public:
    OwnAddresses() {
        ifaddrs* list = nullptr;
        known_ = getifaddrs(&list) == 0;
        list_.reset(list);
    }
    // Out of descriptors or memory, as a bottle can bring about: then no address is known to be
    // another machine's.
    bool known() const { return known_; }
    bool contains(const IpAddress& address) const {
        for (const ifaddrs* each = list_.get(); each != nullptr; each = each->ifa_next) {
            if (each->ifa_addr == nullptr) continue;
            if (each->ifa_addr->sa_family == AF_INET && address.is_v4()) {
                sockaddr_in own{};
                std::memcpy(&own, each->ifa_addr, sizeof own);
                const auto bytes = address.v4_bytes();
                if (std::memcmp(&own.sin_addr, bytes.data(), bytes.size()) == 0) return true;
            }
            if (each->ifa_addr->sa_family == AF_INET6 && !address.is_v4()) {
                sockaddr_in6 own{};
                std::memcpy(&own, each->ifa_addr, sizeof own);
                const auto& bytes = address.v6_bytes();
                if (std::memcmp(&own.sin6_addr, bytes.data(), bytes.size()) == 0) return true;
            }
        }
        return false;
    }

  private:
    struct Free {
        void operator()(ifaddrs* list) const noexcept { freeifaddrs(list); }
    };
    std::unique_ptr<ifaddrs, Free> list_;
    bool known_ = false;
};

Task<Addresses> addresses_of(Worker& worker, const Host& host) {
    if (host.is_ip()) co_return std::vector<IpAddress>{*host.address()};
    Resolution resolution = co_await worker.shared().resolver.resolve(worker, host.text());
    if (!resolution.problem.empty())
        co_return fail(502, "upstream_unresolved", host.text() + ": " + resolution.problem);
    co_return std::move(resolution.addresses);
}

tl::expected<void, DialFailure> check(const policy::Route& route, const Host& host,
                                      const std::vector<IpAddress>& addresses) {
    const OwnAddresses own;
    if (!own.known())
        return fail(502, "upstream_unreachable",
                    "the addresses of this machine cannot be read, so none can be ruled out");
    for (const IpAddress& address : addresses) {
        if (const ForbiddenRange* range = policy::forbidden_for(route, address))
            return fail(403, "ssrf_denied",
                        host.text() + " is at " + address.text() + ", which is " +
                            std::string(range->name) + " (" + std::string(range->range) + ")");
        if (own.contains(address) && !policy::is_exempt(route, address))
            return fail(403, "ssrf_denied",
                        host.text() + " is at " + address.text() + ", which is this machine");
    }
    return {};
}

Task<Connected> connect_to_any(Worker& worker, std::string name, std::uint16_t port,
                               const std::vector<IpAddress>& addresses) {
    Attempts attempts(in_turns(addresses), port, kAttemptDelay);
    control::Descriptor socket = attempts.advance();
    int error = attempts.error();
    if (!socket && !attempts.over()) {
        // The stream lends the attempts its deadline, which is for all of them together.
        Stream waiting(worker, control::Descriptor(::dup(attempts.descriptor())));
        waiting.set_deadline(kConnectTime);
        bool woken = true;
        while (woken && !socket && !attempts.over()) {
            woken = co_await waiting.wait_readable();
            if (woken) socket = attempts.advance();
        }
        error = woken ? attempts.error() : ETIMEDOUT;
    }
    if (socket) co_return socket;
    co_return fail(502, "upstream_unreachable",
                   name + ": " + std::generic_category().message(error));
}

// Asks the proxy for a tunnel; names are resolved by it.
Task<tl::expected<void, DialFailure>> open_tunnel(UpstreamConnection& connection,
                                                  const Authority& to,
                                                  const Secret& authorization) {
    const std::string authority = to.text();
    std::string request = "CONNECT " + authority + " HTTP/1.1\r\nHost: " + authority + "\r\n";
    if (!authorization.empty()) {
        request += "Proxy-Authorization: ";
        request += authorization.reveal();
        request += "\r\n";
    }
    request += "\r\n";
    connection.stream.set_deadline(kHandshakeTime);
    connection.stream.write(request);
    wipe_memory(request.data(), request.size());
    const bool sent = co_await connection.stream.flush();
    if (!sent)
        co_return fail(502, "upstream_proxy_failed", "the upstream proxy closed the connection");
    connection.parser.reset(http::AnsweredMethod::kConnect);
    for (;;) {
        const http::Event event = connection.parser.next(connection.input.unread());
        const int status = connection.parser.head().status;
        const bool final_head =
            event.kind == http::EventKind::kHead && !connection.parser.head().is_informational();
        if (final_head && status / 100 != 2)
            co_return fail(502, "upstream_proxy_refused",
                           "the upstream proxy answered " + std::to_string(status));
        connection.input.consume(event.consumed);
        if (final_head) break;
        if (event.kind == http::EventKind::kError)
            co_return fail(502, "upstream_proxy_failed", "the upstream proxy does not speak HTTP");
        if (event.kind != http::EventKind::kNeedMore) continue;
        const Stream::Read read = co_await connection.stream.read(connection.input);
        if (read != Stream::Read::kData)
            co_return fail(502, "upstream_proxy_failed",
                           "the upstream proxy closed the connection");
    }
    co_return tl::expected<void, DialFailure>();
}

Task<tl::expected<void, DialFailure>> secure(Worker& worker, const Rules& rules,
                                             UpstreamConnection& connection, const Host& host) {
    const auto& context = rules.trust->context();
    if (!context) co_return fail(502, "upstream_tls_failed", context.error().message);
    const Target target = connection.target;
    const std::uint64_t generation = connection.generation;
    connection.session_sink = [&worker, target, generation](tls::SessionPtr session) {
        worker.pool().keep_session(target, generation, std::move(session));
    };
    const tls::SessionPtr resumed = worker.pool().take_session(target);
    tls::SslPtr ssl = (*context)->new_connection(host, resumed.get());
    if (!ssl || (target.http1_only && !tls::offer_http1_only(ssl.get())))
        co_return fail(502, "upstream_tls_failed", tls::take_error());
    tls::set_session_sink(ssl.get(), &connection.session_sink);
    connection.stream.use_tls(std::move(ssl), connection.input.unread());
    connection.input.consume(connection.input.unread().size());
    connection.stream.set_deadline(kHandshakeTime);
    const bool secured = co_await connection.stream.handshake();
    if (secured) co_return tl::expected<void, DialFailure>();
    auto failure = tls::handshake_failure(connection.stream.ssl());
    co_return fail(502, failure.rule, std::string(failure.rule) + ": " + std::move(failure.reason));
}

}  // namespace

Task<Dialled> dial(Worker& worker, const Rules& rules, const policy::Route& route, const Host& host,
                   Target target) {
    const auto& proxy = rules.policy->upstream().proxy;
    const Host& first_hop = proxy ? proxy->host : host;
    const std::uint16_t port = proxy ? proxy->port : target.port;

    if (proxy && host.is_ip()) {
        const std::vector<IpAddress> literal{*host.address()};
        if (auto admitted = check(route, host, literal); !admitted)
            co_return tl::make_unexpected(admitted.error());
    }
    Addresses addresses = co_await addresses_of(worker, first_hop);
    if (!addresses) co_return tl::make_unexpected(addresses.error());
    if (!proxy) {
        if (auto admitted = check(route, host, *addresses); !admitted)
            co_return tl::make_unexpected(admitted.error());
    }
    Connected socket = co_await connect_to_any(worker, first_hop.text(), port, *addresses);
    if (!socket) co_return tl::make_unexpected(socket.error());

    auto connection =
        std::make_unique<UpstreamConnection>(worker, std::move(*socket), target, rules.generation);
    if (proxy) {
        // A name of its own: GCC 12 destroys an aggregate made inside a co_await expression twice.
        const Authority through{host, target.port};
        auto opened = co_await open_tunnel(*connection, through, rules.proxy_authorization);
        if (!opened) co_return tl::make_unexpected(opened.error());
    }
    if (target.tls) {
        auto secured = co_await secure(worker, rules, *connection, host);
        if (!secured) co_return tl::make_unexpected(secured.error());
    }
    worker.shared().stats.upstream_connects.add();
    co_return connection;
}

}  // namespace botbottle::egress
