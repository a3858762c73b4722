// ChunkedDecoder: the chunked transfer coding (RFC 9112 7.1), read strictly: 1-16 hexadecimal
// digits, CRLF and nothing else at line ends, extensions dropped and counted (Go CVE-2023-39326).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "http/field_section.h"
#include "http/header.h"
#include "http/protocol_error.h"

namespace botbottle::http {

struct ChunkLimits {
    std::size_t extension = 256;               // bytes of one chunk
    std::size_t extensions_total = 16 * 1024;  // bytes of one body
    std::size_t trailer = 8 * 1024;            // bytes of the trailer section
    std::size_t trailer_fields = 64;
};

class ChunkedDecoder {
  public:
    enum class Progress : std::uint8_t { kNeedMore, kData, kEnd, kError };
    struct Step {
        Progress progress = Progress::kNeedMore;
        std::size_t consumed = 0;
        std::string_view data;  // kData only
    };

    explicit ChunkedDecoder(const ChunkLimits& limits) noexcept;

    // One step; the caller drops `consumed` bytes and calls again. At kEnd the trailers are in
    // `trailers` and point into `buffer`.
    Step next(std::string_view buffer, HeaderFields& trailers);
    const ProtocolError& error() const noexcept { return error_; }
    void reset() noexcept;

  private:
    enum class State : std::uint8_t {
        kSize,
        kExtension,
        kSizeLf,
        kData,
        kDataCr,
        kDataLf,
        kTrailers,
        kEnd,
    };

    bool take_size_byte(char byte) noexcept;
    bool take_extension_byte(char byte) noexcept;
    bool take_framing_byte(char byte) noexcept;
    bool refuse(std::string_view rule, std::string_view reason) noexcept;

    ChunkLimits limits_;
    State state_ = State::kSize;
    int digits_ = 0;
    std::uint64_t remaining_ = 0;
    std::size_t extension_ = 0;
    std::size_t extensions_total_ = 0;
    FieldSection trailers_;
    ProtocolError error_;
};

}  // namespace botbottle::http
