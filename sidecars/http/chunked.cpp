// The chunked coding as a state machine over framing bytes; payload is passed through by length.
#include "http/chunked.h"

#include <algorithm>
#include <limits>

#include "base/bytes.h"

namespace botbottle::http {
namespace {

constexpr int kMostDigits = 16;
constexpr auto kLargestChunk = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());

}  // namespace

ChunkedDecoder::ChunkedDecoder(const ChunkLimits& limits) noexcept
    : limits_(limits), trailers_({0, limits.trailer, limits.trailer_fields}) {}

void ChunkedDecoder::reset() noexcept {
    state_ = State::kSize;
    digits_ = 0;
    remaining_ = 0;
    extension_ = extensions_total_ = 0;
    trailers_.reset();
}

bool ChunkedDecoder::refuse(std::string_view rule, std::string_view reason) noexcept {
    error_ = {400, rule, reason};
    return false;
}

bool ChunkedDecoder::take_size_byte(char byte) noexcept {
    const int value = hex_value(byte);
    if (value >= 0) {
        if (++digits_ > kMostDigits) return refuse("bad_chunk_size", "a chunk size is too long");
        remaining_ = remaining_ * 16 + static_cast<std::uint64_t>(value);
        return true;
    }
    if (digits_ == 0 || (byte != ';' && byte != '\r')) {
        return refuse("bad_chunk_size", "a chunk size is not a hexadecimal number");
    }
    if (remaining_ > kLargestChunk) return refuse("bad_chunk_size", "a chunk size is too large");
    state_ = byte == ';' ? State::kExtension : State::kSizeLf;
    return true;
}

bool ChunkedDecoder::take_extension_byte(char byte) noexcept {
    if (byte == '\r') {
        state_ = State::kSizeLf;
        return true;
    }
    if (!is_field_value({&byte, 1})) {
        return refuse("bad_chunk_extension", "a chunk extension holds a control byte");
    }
    if (++extension_ > limits_.extension || ++extensions_total_ > limits_.extensions_total) {
        return refuse("chunk_extension_too_large", "the chunk extensions are too large");
    }
    return true;
}

bool ChunkedDecoder::take_framing_byte(char byte) noexcept {
    switch (state_) {
        case State::kSize:
            return take_size_byte(byte);
        case State::kExtension:
            return take_extension_byte(byte);
        case State::kSizeLf:
            if (byte != '\n') return refuse("bad_chunk_line", "a chunk line does not end in CRLF");
            state_ = remaining_ == 0 ? State::kTrailers : State::kData;
            return true;
        case State::kDataCr:
            if (byte != '\r') return refuse("bad_chunk_end", "chunk data is not followed by CRLF");
            state_ = State::kDataLf;
            return true;
        default:  // kDataLf
            if (byte != '\n') return refuse("bad_chunk_end", "chunk data is not followed by CRLF");
            state_ = State::kSize;
            digits_ = 0;
            extension_ = 0;
            return true;
    }
}

ChunkedDecoder::Step ChunkedDecoder::next(std::string_view buffer, HeaderFields& trailers) {
    std::size_t at = 0;
    while (state_ < State::kData || state_ == State::kDataCr || state_ == State::kDataLf) {
        if (at == buffer.size()) return {Progress::kNeedMore, at, {}};
        if (!take_framing_byte(buffer[at])) return {Progress::kError, at, {}};
        ++at;
    }
    if (state_ == State::kData) {
        const auto size =
            static_cast<std::size_t>(std::min<std::uint64_t>(remaining_, buffer.size() - at));
        if (size == 0) return {Progress::kNeedMore, at, {}};
        remaining_ -= size;
        if (remaining_ == 0) state_ = State::kDataCr;
        return {Progress::kData, at + size, buffer.substr(at, size)};
    }
    if (state_ == State::kTrailers) {
        const auto section = buffer.substr(at);
        switch (trailers_.feed(section)) {
            case FieldSection::Progress::kComplete:
                trailers_.fields(section, trailers);
                state_ = State::kEnd;
                return {Progress::kEnd, at + trailers_.size(), {}};
            case FieldSection::Progress::kError:
                error_ = trailers_.error();
                return {Progress::kError, at, {}};
            default:
                return {Progress::kNeedMore, at, {}};
        }
    }
    return {Progress::kEnd, at, {}};
}

}  // namespace botbottle::http
