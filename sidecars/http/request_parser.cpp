// RequestParser: the request line, the four target forms, and what the fields mean for a request.
#include "http/message_rules.h"
#include "http/parser.h"

namespace botbottle::http {
namespace {

constexpr std::string_view kHttpScheme = "http://";
constexpr std::uint16_t kHttpPort = 80;

}  // namespace

RequestParser::RequestParser(const Limits& limits) : MessageParser(limits, Direction::kRequest) {}

void RequestParser::reset() noexcept {
    begin_head();
    skipped_crlf_ = false;
}

Event RequestParser::next(std::string_view buffer) {
    if (stage_ == Stage::kBody) return next_body(buffer);
    if (stage_ == Stage::kEnd) return {EventKind::kEnd, 0, {}};
    if (stage_ == Stage::kFailed) return failed();

    // One empty line before a request is skipped (RFC 9112 2.2), and only one.
    std::size_t skipped = 0;
    if (!skipped_crlf_ && !section_.started() && !buffer.empty() && buffer.front() == '\r') {
        if (buffer.size() == 1) return {EventKind::kNeedMore, 0, {}};
        if (buffer[1] == '\n') skipped = 2;
        skipped_crlf_ = skipped != 0;
    }
    Event event;
    const bool complete = next_head(buffer.substr(skipped), head_.fields, event);
    event.consumed += skipped;
    if (!complete) return event;
    if (!interpret_fields()) return failed();
    begin_body(head_.framing);
    return event;
}

bool RequestParser::take_start_line(std::string_view line) {
    const auto method_size = token_size(line);
    if (method_size == 0 || method_size == line.size() || line[method_size] != ' ') {
        return refuse(400, "bad_request_line", "the request line does not begin with a method");
    }
    if (method_size > limits_.method)
        return refuse(501, "method_too_long", "the method is too long");
    head_.method = line.substr(0, method_size);
    const auto rest = line.substr(method_size + 1);
    const auto space = rest.find(' ');
    if (space == 0 || space == std::string_view::npos) {
        return refuse(400, "bad_request_line",
                      "the request line is not method, target and version");
    }
    const auto version = parse_version(rest.substr(space + 1));
    if (version == Version::kMalformed)
        return refuse(400, "bad_request_line", "the request line has no HTTP version");
    if (version == Version::kOther)
        return refuse(505, "bad_version", "the version is not HTTP/1.0 or HTTP/1.1");
    head_.minor_version = version == Version::kHttp11 ? 1 : 0;
    return take_target(rest.substr(0, space));
}

bool RequestParser::take_target(std::string_view target) {
    if (!is_target(target)) {
        return refuse(400, "bad_target", "the request target holds a byte that must be escaped");
    }
    head_.authority.reset();
    head_.target = target;
    if (head_.method == "CONNECT") {
        auto authority = Authority::parse(target, 0);
        if (!authority)
            return refuse(400, "bad_authority", "the target of CONNECT is not host:port");
        head_.form = TargetForm::kAuthority;
        head_.authority = std::move(*authority);
        head_.target = {};
        return true;
    }
    if (target.front() == '/') {
        head_.form = TargetForm::kOrigin;
        return true;
    }
    if (target == "*") {
        head_.form = TargetForm::kAsterisk;
        if (head_.method == "OPTIONS") return true;
        return refuse(400, "bad_target", "the target * is for OPTIONS only");
    }
    return take_absolute_target(target);
}

bool RequestParser::take_absolute_target(std::string_view target) {
    if (target.size() >= 8 && equal_ignoring_case(target.substr(0, 8), "https://")) {
        return refuse(400, "https_without_connect", "https goes through CONNECT");
    }
    if (target.size() < kHttpScheme.size() ||
        !equal_ignoring_case(target.substr(0, kHttpScheme.size()), kHttpScheme)) {
        return refuse(400, "bad_target", "the request target is neither a path nor an http URL");
    }
    const auto rest = target.substr(kHttpScheme.size());
    const auto end = rest.find_first_of("/?");
    if (end != std::string_view::npos && rest[end] == '?') {
        return refuse(400, "bad_target", "the request target has a query but no path");
    }
    auto authority = Authority::parse(rest.substr(0, end), kHttpPort);
    if (!authority)
        return refuse(400, "bad_authority", "the host of the request target is malformed");
    head_.form = TargetForm::kAbsolute;
    head_.authority = std::move(*authority);
    head_.target = end == std::string_view::npos ? std::string_view("/") : rest.substr(end);
    return true;
}

bool RequestParser::interpret_fields() {
    const auto seen = gather(head_.fields);
    head_.host = seen.host;
    if (!check_host(seen.hosts)) return false;
    if (seen.options > limits_.connection_options) {
        return refuse(400, "too_many_connection_options", "Connection names too many options");
    }
    const auto verdict = framing_of(seen, head_.minor_version, BodyKind::kNone);
    if (verdict.error.status != 0) {
        return refuse(verdict.error.status, verdict.error.rule, verdict.error.reason);
    }
    head_.framing = verdict.framing;
    if (head_.form == TargetForm::kAuthority && head_.framing.kind != BodyKind::kNone &&
        head_.framing.length != 0) {
        return refuse(400, "connect_with_body", "CONNECT has no body");
    }
    if (head_.framing.length.value_or(0) > limits_.body) {
        return refuse(413, "body_too_large", "the body is too large");
    }
    const bool modern = head_.minor_version == 1;
    head_.keep_alive = modern && !seen.close;
    head_.accepts_trailers = seen.trailers;
    head_.upgrade = modern ? seen.upgrade : std::string_view{};
    head_.expects_continue = false;
    if (modern && find(head_.fields, HeaderId::kExpect) != nullptr) {
        if (!equal_ignoring_case(seen.expect, "100-continue")) {
            return refuse(417, "unknown_expectation", "Expect is not 100-continue");
        }
        head_.expects_continue = true;
    }
    return true;
}

// RFC 9112 3.2: exactly one for HTTP/1.1. Where the target names the authority, Host must agree
// with it.
bool RequestParser::check_host(std::size_t count) {
    if (count > 1) return refuse(400, "duplicate_host", "Host stands more than once");
    if (count == 0) {
        return head_.minor_version == 0 || refuse(400, "missing_host", "Host is missing");
    }
    if (head_.host.empty()) return refuse(400, "bad_host", "Host is empty");
    if (!head_.authority) return true;
    // CONNECT's port has no scheme that would make it a default.
    const auto default_port =
        head_.form == TargetForm::kAuthority ? head_.authority->port : kHttpPort;
    switch (match_host(head_.host, *head_.authority, default_port)) {
        case HostMatch::kSame:
            return true;
        case HostMatch::kDifferent:
            return refuse(421, "host_mismatch", "Host and the request target name different hosts");
        case HostMatch::kInvalid:
            break;
    }
    return refuse(400, "bad_host", "Host is malformed");
}

HostMatch match_host(std::string_view field, const Authority& expected,
                     std::uint16_t default_port) {
    if (expected.port == default_port && field == expected.host.text()) return HostMatch::kSame;
    const auto authority = Authority::parse(field, default_port);
    if (!authority) return HostMatch::kInvalid;
    return *authority == expected ? HostMatch::kSame : HostMatch::kDifferent;
}

}  // namespace botbottle::http
