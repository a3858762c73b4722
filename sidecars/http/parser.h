// A strict, incremental HTTP/1.1 parser without I/O: bytes in, events out.
//
// Strict means that a message which two implementations could read differently is refused, not
// mended (RFC 9112 11.2, request smuggling): see the table in
// tests/unit/http/request_vectors_test.cpp. It never looks further than the current message,
// allocates nothing per field once its vectors have grown, and is meant to be kept for the life of
// a connection.
//
// Use, for a connection whose unread bytes are in `buffer`:
//
//     for (;;) {
//         const Event event = parser.next(buffer);
//         ... use parser.head() or event.data now: they point into `buffer` ...
//         buffer.remove_prefix(event.consumed);   // always, whatever the kind
//         if (event.kind == EventKind::kNeedMore) read more, appending to what is left;
//         if (event.kind == EventKind::kEnd) reset(), for the next message;
//     }
//
// Between two calls the bytes that were not consumed must stay the same, but may move. Views stay
// valid until the caller moves or drops the bytes: a head is used, or copied, before the next read.
// Not safe for two threads at once; different parsers are independent.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/host.h"
#include "http/chunked.h"
#include "http/field_section.h"
#include "http/header.h"
#include "http/protocol_error.h"

namespace botbottle::http {

struct Limits {
    std::size_t start_line = 16 * 1024;  // bytes, without CRLF: 414
    std::size_t head = 64 * 1024;        // bytes, start line and fields: 431
    std::size_t fields = 200;            // 431
    std::size_t method = 32;
    std::size_t connection_options = 32;  // members of Connection
    std::size_t informational = 10;       // 1xx responses before the final one
    std::uint64_t body = std::numeric_limits<std::uint64_t>::max();  // 413
    ChunkLimits chunked;
};

enum class EventKind : std::uint8_t {
    kNeedMore,
    kHead,  // head() is complete; for a response that may be a 1xx head, and another one follows
    kBody,  // `data` is a piece of the payload, without framing
    kTrailers,  // trailers() is complete; only when there are some
    kEnd,       // the message is over; what is left in the buffer belongs to the next one
    kError,     // error() says why; the connection cannot be used any further
};

struct Event {
    EventKind kind = EventKind::kNeedMore;
    std::size_t consumed = 0;
    std::string_view data;
};

enum class BodyKind : std::uint8_t { kNone, kLength, kChunked, kUntilClose };

struct Framing {
    BodyKind kind = BodyKind::kNone;
    // Content-Length. With kNone it stands only where a length is told without a body: the answer
    // to HEAD, and 304.
    std::optional<std::uint64_t> length;
};

// RFC 9112 3.2.
enum class TargetForm : std::uint8_t { kOrigin, kAbsolute, kAuthority, kAsterisk };

struct RequestHead {
    std::string_view method;  // a token of at most 32 characters, case kept
    TargetForm form = TargetForm::kOrigin;
    // Path and query as received ("/" for an absolute form without path, "*" for the asterisk form,
    // empty for CONNECT). Only bytes that a request target may hold; not canonical yet.
    std::string_view target;
    // Of the absolute form (http only) and of CONNECT (port required); else none.
    std::optional<Authority> authority;
    std::string_view host;  // the Host field's value; empty when an HTTP/1.0 request has none
    int minor_version = 1;  // 0 or 1
    HeaderFields fields;    // all, in order, Host and framing fields too
    Framing framing;
    bool keep_alive = true;         // false for HTTP/1.0, whatever it asks for
    bool expects_continue = false;  // Expect: 100-continue
    bool accepts_trailers = false;  // TE: trailers
    std::string_view upgrade;       // the Upgrade field, when Connection lists it
};

struct ResponseHead {
    int status = 0;
    std::string_view reason;
    int minor_version = 1;
    HeaderFields fields;
    Framing framing;
    bool keep_alive = true;  // false for kUntilClose and HTTP/1.0
    std::string_view upgrade;
    bool is_informational() const noexcept {
        return status >= 100 && status < 200 && status != 101;
    }
};

// What both directions share: the body's framing, the trailers and the error.
class MessageParser {
  public:
    const HeaderFields& trailers() const noexcept { return trailers_; }
    const ProtocolError& error() const noexcept { return error_; }

  protected:
    enum class Direction : std::uint8_t { kRequest, kResponse };
    enum class Stage : std::uint8_t { kHead, kBody, kEnd, kFailed };

    MessageParser(const Limits& limits, Direction direction);

    void begin_head() noexcept;
    void begin_body(const Framing& framing) noexcept;
    Event next_body(std::string_view buffer);
    // Collects one head; true when it is complete, and then `event.consumed` is its size. The start
    // line goes to take_start_line as soon as it is there.
    bool next_head(std::string_view buffer, HeaderFields& fields, Event& event);
    virtual bool take_start_line(std::string_view line) = 0;
    bool refuse(int status, std::string_view rule, std::string_view reason) noexcept;
    Event failed() noexcept;
    ~MessageParser() = default;

    Limits limits_;
    Stage stage_ = Stage::kHead;
    FieldSection section_;

  private:
    Event next_length(std::string_view buffer);
    Event next_chunked(std::string_view buffer);
    Event payload(std::string_view data, std::size_t consumed);

    Direction direction_;
    ProtocolError error_;
    BodyKind body_kind_ = BodyKind::kNone;
    std::uint64_t remaining_ = 0;  // kLength
    std::uint64_t received_ = 0;   // payload bytes of the message
    const char* start_line_at_ = nullptr;
    ChunkedDecoder chunked_;
    HeaderFields trailers_;
};

class RequestParser final : public MessageParser {
  public:
    explicit RequestParser(const Limits& limits = {});

    Event next(std::string_view buffer);
    const RequestHead& head() const noexcept { return head_; }
    RequestHead& head() noexcept { return head_; }  // so that fields can be stripped in place
    // For the next request of the connection. Keeps what was allocated.
    void reset() noexcept;
    // True before the first byte of a request: closing the connection here loses nothing.
    bool is_idle() const noexcept { return stage_ == Stage::kHead && !section_.started(); }

  private:
    bool take_start_line(std::string_view line) override;
    bool take_target(std::string_view target);
    bool take_absolute_target(std::string_view target);
    bool interpret_fields();
    bool check_host(std::size_t count);

    bool skipped_crlf_ = false;
    RequestHead head_;
};

// The request that a response answers decides whether it has a body (RFC 9112 6.3).
enum class AnsweredMethod : std::uint8_t { kOther, kHead, kConnect };

class ResponseParser final : public MessageParser {
  public:
    explicit ResponseParser(const Limits& limits = {});

    Event next(std::string_view buffer);
    // The connection ended. kEnd when the message may end so; else kError: "no_response" before its
    // first byte (a pooled connection that the origin had closed), "truncated" after it.
    Event finish();
    const ResponseHead& head() const noexcept { return head_; }
    ResponseHead& head() noexcept { return head_; }
    void reset(AnsweredMethod answered) noexcept;

  private:
    bool take_start_line(std::string_view line) override;
    bool interpret_fields();
    Framing without_body(const Framing& declared) const noexcept;

    AnsweredMethod answered_ = AnsweredMethod::kOther;
    std::size_t informational_ = 0;
    ResponseHead head_;
};

// How a Host field (or :authority) relates to the authority that was decided on.
enum class HostMatch : std::uint8_t { kSame, kDifferent, kInvalid };
// `expected` with its port; a port left out of `field` means `default_port`. The usual case, the
// canonical spelling, is compared without parsing.
HostMatch match_host(std::string_view field, const Authority& expected, std::uint16_t default_port);

}  // namespace botbottle::http
