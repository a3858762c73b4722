// BodyWriter: payload of one message on its way to the next hop, in framing of our own.
//
// A transfer is parser → (filter) → BodyWriter, in both directions: whatever judges or changes
// payload stands between the two and sees bytes without framing.
#pragma once

#include <cstdint>
#include <string_view>

#include "egress/stream.h"
#include "http/parser.h"
#include "http/serializer.h"

namespace botbottle::egress {

class BodyWriter {
  public:
    BodyWriter(Stream& stream, http::BodyKind kind) : stream_(&stream), kind_(kind) {}

    void write(std::string_view payload) {
        if (payload.empty()) return;
        size_ += payload.size();
        if (kind_ != http::BodyKind::kChunked) return stream_->write(payload);
        http::ChunkLine line;
        stream_->write(http::chunk_line(payload.size(), line));
        stream_->write(payload);
        stream_->write(http::kChunkEnd);
    }

    // The end of the message; `trailers` are only written where chunks are.
    void finish(const http::HeaderFields& trailers, std::string& scratch) {
        if (kind_ != http::BodyKind::kChunked) return;
        if (!http::append_last_chunk(scratch, trailers)) (void)http::append_last_chunk(scratch, {});
        stream_->write(scratch);
    }

    std::uint64_t size() const noexcept { return size_; }

  private:
    Stream* stream_;
    http::BodyKind kind_;
    std::uint64_t size_ = 0;
};

}  // namespace botbottle::egress
