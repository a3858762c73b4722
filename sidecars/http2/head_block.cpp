// See head_block.h. A request is held to the same rules as in HTTP/1.1, because it may be sent on
// as one (RFC 9113 8.2.1, 8.3.1; the downgrade attacks h2.CL and h2.TE).
#include "http2/head_block.h"

#include <algorithm>
#include <charconv>

#include "http/message_rules.h"

namespace botbottle::http2 {

namespace {

constexpr std::size_t kFieldOverhead = 32;
constexpr std::size_t kMaxMethod = 32;
constexpr std::size_t kMaxTarget = 16 * 1024;

http::ProtocolError check_values(const http::HeaderFields& fields) {
    for (const http::HeaderField& field : fields) {
        if (!http::is_token(field.name) || !http::is_field_value(field.value))
            return {400, "bad_field", "a header field holds a byte that it may not hold"};
    }
    return {};
}

}  // namespace

bool HeadBlock::add(std::string_view name, std::string_view value) {
    bytes_ += name.size() + value.size() + kFieldOverhead;
    ++count_;
    if (too_large()) return bytes_ <= kHopeless;
    const std::size_t at = text_.size();
    text_.append(name).append(value);
    spans_.push_back({at, name.size(), at + name.size(), value.size()});
    return true;
}

std::string_view HeadBlock::pseudo(std::string_view wanted) const {
    for (const Span& span : spans_) {
        if (name(span) == wanted) return value(span);
    }
    return {};
}

// RFC 9113 8.2.3: a cookie may come in crumbs; in HTTP/1.1 there is one field.
void HeadBlock::join_cookies() {
    const auto is_cookie = [this](const Span& span) { return name(span) == "cookie"; };
    if (std::count_if(spans_.begin(), spans_.end(), is_cookie) < 2) return;
    std::string joined;
    for (const Span& span : spans_) {
        if (!is_cookie(span)) continue;
        if (!joined.empty()) joined += "; ";
        joined += value(span);
    }
    const auto first = std::find_if(spans_.begin(), spans_.end(), is_cookie);
    first->value = text_.size();
    first->value_size = joined.size();
    text_ += joined;
    spans_.erase(std::remove_if(first + 1, spans_.end(), is_cookie), spans_.end());
}

http::ProtocolError HeadBlock::read_request(http::RequestHead& head, bool ends) {
    if (too_large()) return {431, "head_too_large", "the header fields are too large or too many"};
    join_cookies();
    read_trailers(head.fields);
    head.method = pseudo(":method");
    head.target = pseudo(":path");
    head.host = pseudo(":authority");
    head.form = head.target == "*" ? http::TargetForm::kAsterisk : http::TargetForm::kOrigin;
    if (auto error = check_values(head.fields); error.status != 0) return error;
    const http::Gathered seen = http::gather(head.fields);
    if (seen.hosts > 1) return {400, "duplicate_host", "Host stands more than once"};
    if (head.host.empty()) head.host = seen.host;
    if (head.host.empty()) return {400, "missing_host", "the request names no authority"};
    if (seen.hosts == 1 && !http::equal_ignoring_case(seen.host, head.host))
        return {421, "host_mismatch", "Host and :authority name different hosts"};
    if (!http::is_token(head.method) || head.method.size() > kMaxMethod)
        return {501, "method_too_long", "the method is not a short token"};
    const std::string_view asked = protocol();
    if (head.method == "CONNECT") {
        if (asked.empty()) return {400, "connect_in_tunnel", "there is no CONNECT within a tunnel"};
        if (asked != "websocket") return {501, "unknown_protocol", "CONNECT is for WebSocket only"};
        // What policy and origin see is the handshake of RFC 6455.
        head.method = "GET";
        head.upgrade = "websocket";
    }
    if (pseudo(":scheme") != "https") return {400, "bad_scheme", "the scheme is not https"};
    if (head.target.size() > kMaxTarget) return {414, "target_too_long", "the path is too long"};
    if (head.target.empty() || !http::is_target(head.target))
        return {400, "bad_target", "the path holds a byte that must be escaped"};
    if (head.form == http::TargetForm::kAsterisk && head.method != "OPTIONS")
        return {400, "bad_target", "the target * is for OPTIONS only"};
    const auto verdict = http::framing_of(seen, 1, http::BodyKind::kNone);
    if (verdict.error.status != 0) return verdict.error;
    head.framing = verdict.framing;
    if (head.upgrade.empty() && !ends && head.framing.kind == http::BodyKind::kNone)
        head.framing = {http::BodyKind::kChunked, {}};
    head.accepts_trailers = seen.trailers;
    if (!seen.expect.empty()) {
        if (!http::equal_ignoring_case(seen.expect, "100-continue"))
            return {417, "unknown_expectation", "Expect is not 100-continue"};
        head.expects_continue = true;
    }
    return {};
}

http::ProtocolError HeadBlock::read_response(http::ResponseHead& head, bool ends,
                                             bool answers_head) {
    if (too_large()) return {502, "head_too_large", "the origin's header fields are too large"};
    read_trailers(head.fields);
    if (auto error = check_values(head.fields); error.status != 0)
        return {502, error.rule, error.reason};
    const std::string_view status = pseudo(":status");
    std::from_chars(status.data(), status.data() + status.size(), head.status);
    if (head.status < 100 || head.status > 999)
        return {502, "bad_status_line", "the status is not a number from 100 to 999"};
    const auto verdict = http::framing_of(http::gather(head.fields), 1, http::BodyKind::kChunked);
    if (verdict.error.status != 0) return {502, verdict.error.rule, verdict.error.reason};
    head.framing = verdict.framing;
    const auto length = verdict.framing.length;
    if (head.status < 200 || head.status == 204)
        head.framing = {};
    else if (answers_head || head.status == 304)
        head.framing = {http::BodyKind::kNone, length};
    else if (ends)
        head.framing = {http::BodyKind::kLength, 0};
    return {};
}

void HeadBlock::read_trailers(http::HeaderFields& fields) const {
    fields.clear();
    for (const Span& span : spans_) {
        if (!name(span).starts_with(':')) fields.emplace_back(name(span), value(span));
    }
}

}  // namespace botbottle::http2
