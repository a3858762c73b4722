// FieldSection: the lines of a head or of a trailer section, up to the empty line that ends it.
//
// Lines are looked at once each, as soon as their CRLF is there, whatever pieces the bytes come in.
// Until the section is complete fields are kept as offsets, since the caller's buffer may move.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "http/header.h"
#include "http/protocol_error.h"

namespace botbottle::http {

struct SectionLimits {
    std::size_t start_line = 0;  // bytes, without CRLF; 0: the section has no start line
    std::size_t bytes = 0;       // the whole section, with every CRLF
    std::size_t fields = 0;
};

class FieldSection {
  public:
    enum class Progress : std::uint8_t {
        kNeedMore,
        kStartLine,  // start_line() is there; call again with the same buffer
        kComplete,
        kError,
    };

    explicit FieldSection(const SectionLimits& limits) noexcept;

    // `buffer` begins with the section's first byte, in every call.
    Progress feed(std::string_view buffer);

    std::string_view start_line(std::string_view buffer) const noexcept {
        return buffer.substr(0, start_line_size_);
    }
    // After kComplete, with the same buffer.
    std::size_t size() const noexcept { return scanned_; }  // bytes, with the empty line
    void fields(std::string_view buffer, HeaderFields& out) const;

    const ProtocolError& error() const noexcept { return error_; }
    bool started() const noexcept { return scanned_ != 0; }
    void reset() noexcept;

  private:
    struct Span {
        std::uint32_t name, name_size, value, value_size;
        HeaderId id;
    };

    bool within_limits() noexcept;
    bool take_field(std::string_view buffer, std::size_t line_end);
    bool refuse(int status, std::string_view rule, std::string_view reason) noexcept;
    bool in_start_line() const noexcept { return limits_.start_line != 0 && !start_line_done_; }

    SectionLimits limits_;
    bool start_line_done_ = false;
    std::size_t start_line_size_ = 0;
    std::size_t line_start_ = 0;
    std::size_t scanned_ = 0;
    std::vector<Span> spans_;
    ProtocolError error_;
};

}  // namespace botbottle::http
