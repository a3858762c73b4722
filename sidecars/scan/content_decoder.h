// ContentDecoder: compressed bytes in pieces, decoded to be looked at. What is decoded goes to a
// function in pieces of a fixed size; nothing is kept.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

namespace botbottle::scan {

enum class Compression : std::uint8_t {
    kGzip,
    kZlib,
    kDeflate,      // as HTTP's senders mean it: with the frame of zlib, or without
    kBareDeflate,  // without: in zip archives
    kBrotli,
    kZstd
};

class ContentDecoder {
  public:
    enum class Status : std::uint8_t {
        kMore,
        kEnd,        // the format says that it is over
        kBroken,     // this is not that format
        kExhausted,  // a bomb, by its ratio
    };
    using Sink = std::function<bool(std::string_view decoded)>;

    // So many times its own size a text may become, once it is larger than kFree.
    static constexpr std::uint64_t kRatio = 200;
    static constexpr std::uint64_t kFree = 4U * 1024 * 1024;

    // Null when there is no memory.
    static std::unique_ptr<ContentDecoder> create(Compression compression);

    ContentDecoder(const ContentDecoder&) = delete;
    ContentDecoder& operator=(const ContentDecoder&) = delete;
    virtual ~ContentDecoder() = default;

    // Stops early when `sink` says false; what follows must not be fed.
    Status feed(std::string_view piece, const Sink& sink);

    // What was fed is whole: its format has ended, and nothing came after that.
    bool whole() const noexcept { return at_end_; }

  protected:
    ContentDecoder() = default;
    struct Step {
        Status status = Status::kMore;
        std::size_t consumed = 0;
        std::size_t produced = 0;
        bool at_end = false;  // the text may end here, or go on with another part
    };
    virtual Step step(std::string_view input, char* out, std::size_t room) = 0;

  private:
    std::uint64_t in_ = 0;
    std::uint64_t out_ = 0;
    Status status_ = Status::kMore;
    bool at_end_ = false;
};

}  // namespace botbottle::scan
