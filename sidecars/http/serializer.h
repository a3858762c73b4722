// Writes HTTP/1.1 heads, chunks and trailers. What goes out is always written here from values that
// were parsed, never a copy of the bytes that came in, so that the next hop has one way to read it.
//
// Everything is appended to the caller's string. Fields must have been stripped (strip.h); Host,
// framing and Connection are written from the arguments. A value that could end a line is not
// written: the functions then return false and leave `out` as it was.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "http/header.h"
#include "http/parser.h"

namespace botbottle::http {

struct RequestLine {
    std::string_view method;
    std::string_view target;  // canonical path and query
    std::string_view host;    // as Authority::text_for gives it
};

// `injected` (may be null) is written last: the route's credential.
[[nodiscard]] bool append_request_head(std::string& out, const RequestLine& line,
                                       const HeaderFields& fields, const Framing& framing,
                                       std::string_view upgrade, const HeaderField* injected);

// kUntilClose and !keep_alive write `Connection: close`. An HTTP/1.0 client gets kUntilClose where
// the origin sent kChunked.
[[nodiscard]] bool append_response_head(std::string& out, int status, std::string_view reason,
                                        const HeaderFields& fields, const Framing& framing,
                                        bool keep_alive, std::string_view upgrade);

// The line before a chunk of `size` > 0 bytes; the chunk is followed by kChunkEnd.
using ChunkLine = std::array<char, 18>;
std::string_view chunk_line(std::size_t size, ChunkLine& storage) noexcept;
inline constexpr std::string_view kChunkEnd = "\r\n";
// The last chunk and the trailers.
[[nodiscard]] bool append_last_chunk(std::string& out, const HeaderFields& trailers);

// The registered reason phrase; empty for a status that has none.
std::string_view reason_phrase(int status) noexcept;

}  // namespace botbottle::http
