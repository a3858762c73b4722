// See upstream.h.
#include "egress/upstream.h"

#include "egress/http2_link.h"
#include "egress/http2_origin.h"
#include "egress/limits.h"
#include "egress/worker.h"
#include "tls/alpn.h"

namespace botbottle::egress {

UpstreamConnection::UpstreamConnection(Worker& worker, control::Descriptor socket, Target to,
                                       std::uint64_t rules_generation)
    : target(std::move(to)),
      generation(rules_generation),
      stream(worker, std::move(socket)),
      input(worker.blocks()),
      worker_(worker) {}

bool UpstreamConnection::write_head(const http::RequestLine& line, const http::HeaderFields& fields,
                                    const http::Framing& framing,
                                    const http::HeaderField* injected) {
    // A string of its own: it holds a credential, and is wiped when it goes.
    std::string text;
    if (!http::append_request_head(text, line, fields, framing, {}, injected)) return false;
    parser.reset(line.method == "HEAD" ? http::AnsweredMethod::kHead
                                       : http::AnsweredMethod::kOther);
    stream.write(text);
    body_.emplace(stream, framing.kind);
    return true;
}

bool UpstreamConnection::write_upgrade(const http::RequestLine& line,
                                       const http::HeaderFields& fields, std::string_view protocol,
                                       const http::HeaderField* injected) {
    std::string text;
    if (!http::append_request_head(text, line, fields, {}, protocol, injected)) return false;
    parser.reset(http::AnsweredMethod::kOther);
    stream.write(text);
    body_.emplace(stream, http::BodyKind::kNone);
    return true;
}

void UpstreamConnection::finish(const http::HeaderFields& sent) {
    body_->finish(sent, worker_.scratch());
}

http::Event UpstreamConnection::next() {
    const http::Event event = parser.next(input.unread());
    input.consume(event.consumed);
    return event;
}

Task<OriginSide::More> UpstreamConnection::read_more() {
    const Stream::Read read = co_await stream.read(input);
    if (read == Stream::Read::kData) co_return More::kMore;
    if (read == Stream::Read::kEnd && parser.finish().kind == http::EventKind::kEnd)
        co_return More::kEnded;
    co_return More::kFailed;
}

bool UpstreamConnection::speaks_http2() const {
    return tls::speaks_http2(stream.ssl());
}

bool UpstreamConnection::timed_out() const {
    return stream.is_past(worker_.now());
}

void UpstreamConnection::retire() {
    UpstreamPtr self(this);
    if (parser.head().keep_alive)
        worker_.pool().give_back(std::move(self), worker_.rules()->generation, worker_.now());
}

OriginPtr UpstreamPool::take(Worker& worker, const Target& target) {
    if (const auto found = shared_.find(target); found != shared_.end()) {
        std::erase_if(found->second, [](const auto& link) { return link->ended(); });
        for (const auto& link : found->second) {
            if (link->takes_requests()) return std::make_unique<Http2Origin>(worker, link, true);
        }
    }
    const auto found = idle_.find(target);
    if (found == idle_.end()) return nullptr;
    auto& idle = found->second;
    while (!idle.empty()) {
        UpstreamPtr connection = std::move(idle.back());
        idle.pop_back();
        if (!connection->stream.is_quiet()) continue;
        connection->reused = true;
        return connection;
    }
    return nullptr;
}

void UpstreamPool::give_back(UpstreamPtr connection, std::uint64_t current_generation,
                             Clock::time_point now) {
    if (connection->generation != current_generation || !connection->input.empty()) return;
    auto& idle = idle_[connection->target];
    if (idle.size() >= kPoolPerTarget) return;
    connection->input.rest();
    connection->idle_since = now;
    idle.push_back(std::move(connection));
}

void UpstreamPool::share(const Target& target, std::uint64_t generation,
                         std::shared_ptr<Http2Link> link) {
    std::erase_if(links_, [](const auto& known) { return known.expired(); });
    links_.push_back(link);
    if (generation == generation_)
        shared_[target].push_back(std::move(link));
    else
        link->retire_when_idle();
}

tls::SessionPtr UpstreamPool::take_session(const Target& target) {
    const auto found = sessions_.find(target);
    if (found == sessions_.end() || found->second.empty()) return nullptr;
    tls::SessionPtr session = std::move(found->second.back());
    found->second.pop_back();
    return session;
}

void UpstreamPool::keep_session(const Target& target, std::uint64_t generation,
                                tls::SessionPtr session) {
    if (generation != generation_) return;
    // A wildcard's names are the bottle's to choose.
    if (sessions_.size() >= kTargetsWithSessions && sessions_.find(target) == sessions_.end())
        sessions_.erase(sessions_.begin());
    auto& sessions = sessions_[target];
    if (sessions.size() >= kSessionsPerTarget) sessions.erase(sessions.begin());
    sessions.push_back(std::move(session));
}

void UpstreamPool::close_expired(Clock::time_point now) {
    for (auto& [key, idle] : idle_)
        std::erase_if(idle, [&](const UpstreamPtr& connection) {
            return now - connection->idle_since > kPoolTime;
        });
    for (const auto& weak : links_) {
        const auto link = weak.lock();
        if (!link) continue;
        link->watch(now);
        if (link->is_idle() && now - link->idle_since() > kPoolTime) link->retire();
    }
    for (auto& [key, links] : shared_)
        std::erase_if(links, [](const auto& link) { return link->ended(); });
    std::erase_if(idle_, [](const auto& entry) { return entry.second.empty(); });
}

void UpstreamPool::reset(std::uint64_t current_generation) {
    idle_.clear();
    for (auto& [key, links] : shared_) {
        for (const auto& link : links)
            link->retire();
    }
    shared_.clear();
    sessions_.clear();
    generation_ = current_generation;
}

}  // namespace botbottle::egress
