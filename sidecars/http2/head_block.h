// HeadBlock: the fields of one HEADERS block, collected within limits, then read as the head of a
// request, of a response, or as trailers. What nghttp2 checks already (upper case, connection
// fields, order and number of pseudo-header fields) is not checked again.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "http/header.h"
#include "http/parser.h"
#include "http/protocol_error.h"

namespace botbottle::http2 {

class HeadBlock {
  public:
    static constexpr std::size_t kMaxBytes = 64 * 1024;  // RFC 9113 6.5.2 counts 32 for each field
    static constexpr std::size_t kMaxFields = 200;
    // A peer that goes on this far beyond is not worth an answer.
    static constexpr std::size_t kHopeless = 4 * kMaxBytes;

    // False when the block is hopeless. What exceeds the limits is counted, not kept.
    bool add(std::string_view name, std::string_view value);
    bool too_large() const noexcept { return bytes_ > kMaxBytes || count_ > kMaxFields; }
    std::size_t bytes() const noexcept { return bytes_; }

    // Views point into this object, which must stay where it is.
    http::ProtocolError read_request(http::RequestHead& head, bool ends);
    http::ProtocolError read_response(http::ResponseHead& head, bool ends, bool answers_head);
    void read_trailers(http::HeaderFields& fields) const;

    std::string_view status() const { return pseudo(":status"); }
    // "websocket" for an extended CONNECT (RFC 8441), else empty.
    std::string_view protocol() const { return pseudo(":protocol"); }

  private:
    struct Span {
        std::size_t name, name_size, value, value_size;
    };
    std::string_view name(const Span& span) const {
        return std::string_view(text_).substr(span.name, span.name_size);
    }
    std::string_view value(const Span& span) const {
        return std::string_view(text_).substr(span.value, span.value_size);
    }
    std::string_view pseudo(std::string_view wanted) const;
    void join_cookies();

    std::string text_;
    std::vector<Span> spans_;
    std::size_t bytes_ = 0;
    std::size_t count_ = 0;
};

}  // namespace botbottle::http2
