// UpstreamConnection: a connection to an origin, and the pool that keeps idle ones.
//
// A target is a host, port and scheme that a route stands for; with the rules' generation it also
// fixes the proxy, the server name, the trusted roots and the credential slot. Nothing is shared
// between two targets, and nothing outlives a change of the rules.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "egress/block.h"
#include "egress/body_writer.h"
#include "egress/origin_side.h"
#include "egress/stream.h"
#include "http/parser.h"
#include "tls/client_context.h"

namespace botbottle::egress {

struct Target {
    std::size_t route_index = 0;
    std::uint16_t port = 0;
    bool tls = true;
    std::string host{};       // canonical: one route may stand for many
    bool http1_only = false;  // for what HTTP/2 would have to be asked specially

    bool operator==(const Target&) const noexcept = default;
};

struct TargetHash {
    std::size_t operator()(const Target& target) const noexcept {
        const std::uint64_t numbers = (std::uint64_t{target.route_index} << 17) |
                                      (std::uint64_t{target.port} << 1) | (target.tls ? 1U : 0U);
        return std::hash<std::string>{}(target.host) ^ std::hash<std::uint64_t>{}(numbers);
    }
};

class UpstreamConnection final : public OriginSide {
  public:
    UpstreamConnection(Worker& worker, control::Descriptor socket, Target to,
                       std::uint64_t rules_generation);

    const Target target;
    const std::uint64_t generation;
    tls::SessionSink session_sink;  // before the stream, whose SSL object calls it
    Stream stream;
    InputBuffer input;
    http::ResponseParser parser;
    bool reused = false;
    Clock::time_point idle_since{};

    bool speaks_http2() const;

    // One exchange after the other, in HTTP/1.1.
    bool write_head(const http::RequestLine& line, const http::HeaderFields& fields,
                    const http::Framing& framing, const http::HeaderField* injected) override;
    // Asks for another protocol; what follows a 101 is on `stream` and in `input`.
    bool write_upgrade(const http::RequestLine& line, const http::HeaderFields& fields,
                       std::string_view protocol, const http::HeaderField* injected);
    void write(std::string_view payload) override { body_->write(payload); }
    void finish(const http::HeaderFields& trailers) override;
    Task<bool> flush() override { return stream.flush(); }
    http::Event next() override;
    Task<More> read_more() override;
    http::ResponseHead& head() override { return parser.head(); }
    const http::HeaderFields& trailers() const override { return parser.trailers(); }
    http::ProtocolError error() const override { return parser.error(); }
    bool was_reused() const override { return reused; }
    void set_deadline(std::chrono::milliseconds from_now) override {
        stream.set_deadline(from_now);
    }
    bool timed_out() const override;
    void abort() override { stream.abort(); }

  protected:
    void retire() override;

  private:
    Worker& worker_;
    std::optional<BodyWriter> body_;
};

using UpstreamPtr = std::unique_ptr<UpstreamConnection>;

class Http2Link;

// One per worker; not thread-safe.
class UpstreamPool {
  public:
    // A connection that is still usable as far as can be seen, the most recently used first; or
    // null.
    OriginPtr take(Worker& worker, const Target& target);
    void give_back(UpstreamPtr connection, std::uint64_t current_generation, Clock::time_point now);

    // Connections of HTTP/2 serve many exchanges at once.
    void share(const Target& target, std::uint64_t generation, std::shared_ptr<Http2Link> link);

    // Sessions to resume, each used once (RFC 8446 C.4).
    tls::SessionPtr take_session(const Target& target);
    void keep_session(const Target& target, std::uint64_t generation, tls::SessionPtr session);

    void close_expired(Clock::time_point now);
    // The rules changed: nothing that was made under the old ones is used again.
    void reset(std::uint64_t current_generation);

  private:
    std::unordered_map<Target, std::vector<UpstreamPtr>, TargetHash> idle_;
    std::unordered_map<Target, std::vector<std::shared_ptr<Http2Link>>, TargetHash> shared_;
    std::vector<std::weak_ptr<Http2Link>> links_;  // the retired ones, too
    std::unordered_map<Target, std::vector<tls::SessionPtr>, TargetHash> sessions_;
    std::uint64_t generation_ = 0;
};

}  // namespace botbottle::egress
