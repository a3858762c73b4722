// Header lists for HTTP/2: names in lower case, pseudo-header fields first, in memory of their own.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "http/parser.h"
#include "http2/stream.h"

namespace botbottle::egress {

class Http2Fields {
  public:
    explicit Http2Fields(const http::HeaderFields& fields);

    void pseudo(std::string_view name, std::string_view value);  // before append()
    // The fields, and Content-Length where the framing has one.
    void append(const http::Framing& framing);
    void append_secret(const http::HeaderField& field);

    const std::vector<http2::Header>& list() const noexcept { return list_; }

  private:
    std::string_view lower(std::string_view name);

    const http::HeaderFields& fields_;
    std::string text_;  // reserved once: views into it stay
    std::vector<http2::Header> list_;
};

}  // namespace botbottle::egress
