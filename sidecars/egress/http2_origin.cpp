// See http2_origin.h.
#include "egress/http2_origin.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "egress/http2_fields.h"
#include "egress/worker.h"

namespace botbottle::egress {

bool Http2Origin::write_head(const http::RequestLine& line, const http::HeaderFields& fields,
                             const http::Framing& framing, const http::HeaderField* injected) {
    Http2Fields list(fields);
    list.pseudo(":method", line.method);
    list.pseudo(":scheme", "https");
    list.pseudo(":authority", line.host);
    list.pseudo(":path", line.target);
    list.append(framing);
    if (injected != nullptr) list.append_secret(*injected);
    const bool has_body = framing.kind != http::BodyKind::kNone && framing.length != 0;
    http2::StreamPtr stream = link_->session().open(list.list(), has_body, line.method == "HEAD");
    if (!stream) return false;
    line_.emplace(link_, std::move(stream));
    return true;
}

Task<OriginSide::More> Http2Origin::read_more() {
    const bool more = co_await line_->wait_for_input();
    co_return more ? More::kMore : More::kFailed;
}

http::ProtocolError Http2Origin::error() const {
    const http::ProtocolError& head = line_->stream().head_error();
    if (head.status != 0) return head;
    return {502, "stream_reset", "the origin reset the stream"};
}

void Http2Origin::set_deadline(std::chrono::milliseconds from_now) {
    if (line_) line_->set_deadline(from_now);
}

void Http2Origin::abort() {
    if (line_) line_->abort(http2::kCancel);
}

OriginPtr share_http2(Worker& worker, UpstreamPtr connection) {
    const std::shared_ptr<UpstreamConnection> socket(std::move(connection));
    auto link =
        std::make_shared<Http2Link>(worker, socket->stream, socket->input, http2::Side::kClient);
    worker.pool().share(socket->target, socket->generation, link);
    asio::co_spawn(
        worker.executor(),
        [socket, link]() -> Task<void> {
            co_await link->run([] {});
            socket->stream.shut_down();
        },
        asio::detached);
    return std::make_unique<Http2Origin>(worker, std::move(link), false);
}

}  // namespace botbottle::egress
