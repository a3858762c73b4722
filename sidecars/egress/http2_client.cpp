// See http2_client.h.
#include "egress/http2_client.h"

#include "egress/http2_fields.h"

namespace botbottle::egress {

http::ProtocolError Http2Client::error() const {
    return {400, "stream_reset", "the client reset the stream"};
}

bool Http2Client::write_informational(int status, std::string_view,
                                      const http::HeaderFields& fields) {
    const std::string digits = std::to_string(status);
    Http2Fields list(fields);
    list.pseudo(":status", digits);
    list.append({});
    line_.link().session().inform(line_.stream(), list.list());
    return true;
}

bool Http2Client::write_head(int status, std::string_view, const http::HeaderFields& fields,
                             const http::Framing& framing, bool) {
    const std::string digits = std::to_string(status);
    Http2Fields list(fields);
    list.pseudo(":status", digits);
    list.append(framing);
    const bool has_body = framing.kind != http::BodyKind::kNone && framing.length != 0;
    line_.link().session().answer(line_.stream(), list.list(), has_body);
    return true;
}

// RFC 8441 5: a 2xx, and the stream's DATA are the WebSocket's bytes.
bool Http2Client::write_switch(const http::HeaderFields& fields) {
    Http2Fields list(fields);
    list.pseudo(":status", "200");
    list.append({});
    line_.link().session().answer(line_.stream(), list.list(), true);
    return true;
}

void Http2Client::end(After after) {
    if (after == After::kBreak) line_.abort(http2::kInternalError);
}

}  // namespace botbottle::egress
