// See http1_client.h.
#include "egress/http1_client.h"

#include "egress/worker.h"

namespace botbottle::egress {

http::Event Http1Client::next() {
    if (switched_) {
        const std::string_view bytes = input_.unread();
        if (bytes.empty()) return {};
        input_.consume(bytes.size());
        return {http::EventKind::kBody, bytes.size(), bytes};
    }
    const http::Event event = parser_.next(input_.unread());
    input_.consume(event.consumed);
    return event;
}

Task<bool> Http1Client::read_more() {
    const Stream::Read read = co_await stream_.read(input_);
    co_return read == Stream::Read::kData;
}

bool Http1Client::write_informational(int status, std::string_view reason,
                                      const http::HeaderFields& fields) {
    std::string& text = worker_.scratch();
    if (!http::append_response_head(text, status, reason, fields, {}, true, {})) return false;
    stream_.write(text);
    return true;
}

bool Http1Client::write_head(int status, std::string_view reason, const http::HeaderFields& fields,
                             const http::Framing& framing, bool keep_alive) {
    std::string& text = worker_.scratch();
    if (!http::append_response_head(text, status, reason, fields, framing, keep_alive, {}))
        return false;
    stream_.write(text);
    body_.emplace(stream_, framing.kind);
    return true;
}

bool Http1Client::write_switch(const http::HeaderFields& fields) {
    std::string& text = worker_.scratch();
    if (!http::append_response_head(text, 101, http::reason_phrase(101), fields, {}, true,
                                    "websocket"))
        return false;
    stream_.write(text);
    body_.emplace(stream_, http::BodyKind::kUntilClose);
    switched_ = true;
    return true;
}

void Http1Client::write(std::string_view payload) {
    if (body_) body_->write(payload);
}

void Http1Client::finish(const http::HeaderFields& trailers) {
    if (body_) body_->finish(trailers, worker_.scratch());
}

}  // namespace botbottle::egress
