// ResponseParser: the status line, 1xx responses, and which responses have no body.
#include <algorithm>

#include "base/bytes.h"
#include "http/message_rules.h"
#include "http/parser.h"

namespace botbottle::http {

ResponseParser::ResponseParser(const Limits& limits)
    : MessageParser(limits, Direction::kResponse) {}

void ResponseParser::reset(AnsweredMethod answered) noexcept {
    begin_head();
    answered_ = answered;
    informational_ = 0;
}

Event ResponseParser::next(std::string_view buffer) {
    if (stage_ == Stage::kBody) return next_body(buffer);
    if (stage_ == Stage::kEnd) return {EventKind::kEnd, 0, {}};
    if (stage_ == Stage::kFailed) return failed();

    Event event;
    if (!next_head(buffer, head_.fields, event)) return event;
    if (!interpret_fields()) return failed();
    if (!head_.is_informational()) {
        begin_body(head_.framing);
    } else {
        if (++informational_ > limits_.informational) {
            refuse(502, "too_many_informational", "the origin sent too many 1xx responses");
            return failed();
        }
        begin_head();
    }
    return event;
}

Event ResponseParser::finish() {
    if (stage_ == Stage::kFailed) return failed();
    const bool until_close = stage_ == Stage::kBody && head_.framing.kind == BodyKind::kUntilClose;
    // A body that is complete but whose end was not asked for yet ends here too.
    const auto event = stage_ == Stage::kBody && !until_close ? next_body({}) : Event{};
    if (until_close || stage_ == Stage::kEnd || event.kind == EventKind::kEnd) {
        stage_ = Stage::kEnd;
        return {EventKind::kEnd, 0, {}};
    }
    if (stage_ == Stage::kHead && !section_.started() && informational_ == 0) {
        refuse(502, "no_response", "the origin closed the connection without a response");
    } else {
        refuse(502, "truncated", "the origin closed the connection in the middle of a response");
    }
    return failed();
}

bool ResponseParser::take_start_line(std::string_view line) {
    // The space after the status is often left out when there is no reason phrase.
    const bool shape =
        line.size() >= 12 && line[8] == ' ' && (line.size() == 12 || line[12] == ' ');
    const auto version = shape ? parse_version(line.substr(0, 8)) : Version::kMalformed;
    if (version == Version::kMalformed)
        return refuse(502, "bad_status_line", "the status line is malformed");
    if (version == Version::kOther)
        return refuse(502, "bad_version", "the version is not HTTP/1.0 or HTTP/1.1");
    const auto digits = line.substr(9, 3);
    if (!std::all_of(digits.begin(), digits.end(), is_digit) || digits.front() == '0') {
        return refuse(502, "bad_status_line", "the status is not a number from 100 to 999");
    }
    head_.reason = line.size() > 13 ? line.substr(13) : std::string_view{};
    if (!is_field_value(head_.reason)) {
        return refuse(502, "bad_status_line", "the reason phrase holds a control byte");
    }
    head_.status = (digits[0] - '0') * 100 + (digits[1] - '0') * 10 + (digits[2] - '0');
    head_.minor_version = version == Version::kHttp11 ? 1 : 0;
    return true;
}

bool ResponseParser::interpret_fields() {
    const auto seen = gather(head_.fields);
    head_.keep_alive = head_.minor_version == 1 && !seen.close;
    head_.upgrade = seen.upgrade;
    if (seen.options > limits_.connection_options) {
        return refuse(502, "too_many_connection_options", "Connection names too many options");
    }
    // RFC 9110 9.3.6: these fields mean nothing in a successful answer to CONNECT.
    if (answered_ == AnsweredMethod::kConnect && head_.status / 100 == 2) {
        head_.framing = {};
        return true;
    }
    const auto verdict = framing_of(seen, head_.minor_version, BodyKind::kUntilClose);
    if (verdict.error.status != 0) {
        return refuse(verdict.error.status, verdict.error.rule, verdict.error.reason);
    }
    head_.framing = without_body(verdict.framing);
    if (head_.framing.kind == BodyKind::kUntilClose) head_.keep_alive = false;
    if (head_.framing.kind == BodyKind::kLength && *head_.framing.length > limits_.body) {
        return refuse(502, "body_too_large", "the body is too large");
    }
    return true;
}

// RFC 9112 6.3: some responses have no body, whatever their fields say.
Framing ResponseParser::without_body(const Framing& declared) const noexcept {
    const int status = head_.status;
    if (status < 200 || status == 204) return {};
    if (answered_ == AnsweredMethod::kHead || status == 304) {
        return {BodyKind::kNone, declared.length};
    }
    return declared;
}

}  // namespace botbottle::http
