// See content_decoder.h.
#include "scan/content_decoder.h"

#include <brotli/decode.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <cstddef>

namespace botbottle::scan {

namespace {

class ZlibDecoder final : public ContentDecoder {
  public:
    ~ZlibDecoder() override {
        if (ready_) inflateEnd(&stream_);
    }

    bool open(Compression compression) {
        constexpr int kWindow = 15;
        int window = kWindow;
        if (compression == Compression::kGzip) window += 16;
        if (compression == Compression::kBareDeflate) window = -kWindow;
        ready_ = inflateInit2(&stream_, window) == Z_OK;
        gzip_ = compression == Compression::kGzip;
        undecided_ = compression == Compression::kDeflate;
        return ready_;
    }

  private:
    Step step(std::string_view input, char* out, std::size_t room) override {
        if (ended_ && input.empty()) return {Status::kMore, 0, 0, true};
        if (undecided_ && !input.empty()) {
            undecided_ = false;
            constexpr int kNoFrame = -15;
            // RFC 1950 2.2: the method. No compressor begins a bare block with these bits.
            const bool frame = (static_cast<unsigned char>(input.front()) & 0xfU) == Z_DEFLATED;
            if (!frame && inflateReset2(&stream_, kNoFrame) != Z_OK) return {Status::kBroken, 0, 0};
        }
        // Another member may follow, RFC 1952 2.2.
        if (ended_ && (!gzip_ || inflateReset(&stream_) != Z_OK)) return {Status::kEnd, 0, 0};
        ended_ = false;
        stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(input.data()));
        stream_.avail_in = static_cast<uInt>(input.size());
        stream_.next_out = reinterpret_cast<Bytef*>(out);
        stream_.avail_out = static_cast<uInt>(room);
        const int result = inflate(&stream_, Z_NO_FLUSH);
        ended_ = result == Z_STREAM_END;
        const Step done = {Status::kMore, input.size() - stream_.avail_in, room - stream_.avail_out,
                           ended_};
        if (ended_ && !gzip_) return {Status::kEnd, done.consumed, done.produced, true};
        if (result == Z_OK || result == Z_BUF_ERROR || ended_) return done;
        return {Status::kBroken, done.consumed, done.produced};
    }

    z_stream stream_{};
    bool ready_ = false;
    bool gzip_ = false;
    bool undecided_ = false;
    bool ended_ = false;
};

class BrotliDecoder final : public ContentDecoder {
  public:
    bool open() { return state_ != nullptr; }

  private:
    struct Close {
        void operator()(BrotliDecoderState* state) const { BrotliDecoderDestroyInstance(state); }
    };

    Step step(std::string_view input, char* out, std::size_t room) override {
        std::size_t in_left = input.size();
        std::size_t out_left = room;
        const auto* next_in = reinterpret_cast<const std::uint8_t*>(input.data());
        auto* next_out = reinterpret_cast<std::uint8_t*>(out);
        const BrotliDecoderResult result = BrotliDecoderDecompressStream(
            state_.get(), &in_left, &next_in, &out_left, &next_out, nullptr);
        const Status status = result == BROTLI_DECODER_RESULT_ERROR     ? Status::kBroken
                              : result == BROTLI_DECODER_RESULT_SUCCESS ? Status::kEnd
                                                                        : Status::kMore;
        return {status, input.size() - in_left, room - out_left, status == Status::kEnd};
    }

    std::unique_ptr<BrotliDecoderState, Close> state_{
        BrotliDecoderCreateInstance(nullptr, nullptr, nullptr)};
};

class ZstdDecoder final : public ContentDecoder {
  public:
    bool open() {
        // 8 MiB of window at most, as RFC 9659 has it for HTTP.
        constexpr int kWindowLog = 23;
        return stream_ != nullptr && ZSTD_isError(ZSTD_DCtx_setParameter(
                                         stream_.get(), ZSTD_d_windowLogMax, kWindowLog)) == 0;
    }

  private:
    struct Close {
        void operator()(ZSTD_DStream* stream) const { ZSTD_freeDStream(stream); }
    };

    Step step(std::string_view input, char* out, std::size_t room) override {
        ZSTD_inBuffer in = {input.data(), input.size(), 0};
        ZSTD_outBuffer to = {out, room, 0};
        const std::size_t result = ZSTD_decompressStream(stream_.get(), &to, &in);
        const Status status = ZSTD_isError(result) != 0 ? Status::kBroken : Status::kMore;
        // 0: a frame is complete; asked again without input, it would hope for another one.
        if (in.pos > 0 || to.pos > 0) frame_ended_ = result == 0;
        return {status, in.pos, to.pos, frame_ended_ && status == Status::kMore};
    }

    std::unique_ptr<ZSTD_DStream, Close> stream_{ZSTD_createDStream()};
    bool frame_ended_ = false;
};

}  // namespace

std::unique_ptr<ContentDecoder> ContentDecoder::create(Compression compression) {
    if (compression == Compression::kBrotli) {
        auto decoder = std::make_unique<BrotliDecoder>();
        if (decoder->open()) return decoder;
    } else if (compression == Compression::kZstd) {
        auto decoder = std::make_unique<ZstdDecoder>();
        if (decoder->open()) return decoder;
    } else {
        auto decoder = std::make_unique<ZlibDecoder>();
        if (decoder->open(compression)) return decoder;
    }
    return nullptr;
}

ContentDecoder::Status ContentDecoder::feed(std::string_view piece, const Sink& sink) {
    std::array<char, 16384> block;  // NOLINT: filled before it is read
    // zlib counts in unsigned int.
    constexpr std::size_t kMost = 1U << 20U;
    if (status_ != Status::kMore && !piece.empty()) at_end_ = false;
    while (status_ == Status::kMore) {
        const Step done = step(piece.substr(0, kMost), block.data(), block.size());
        piece.remove_prefix(done.consumed);
        in_ += done.consumed;
        out_ += done.produced;
        status_ = done.status;
        at_end_ = done.at_end && piece.empty();
        if (out_ > kFree && out_ / kRatio > in_) status_ = Status::kExhausted;
        if (done.produced > 0 && !sink({block.data(), done.produced})) break;
        if (done.consumed == 0 && done.produced == 0) break;
        if (piece.empty() && done.produced < block.size()) break;
    }
    return status_;
}

}  // namespace botbottle::scan
