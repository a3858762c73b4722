// Stream: one request and its response on an HTTP/2 session.
//
// The reader takes events as from a parser of sidecars/http; what it took is given back to the flow
// control window by release(), once the next hop has it. The writer's bytes wait here until the
// peer's window and the connection take them: pending() is how many.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "http/parser.h"
#include "http2/head_block.h"

struct nghttp2_session;

namespace botbottle::http2 {

inline constexpr std::uint32_t kNoError = 0x0;
inline constexpr std::uint32_t kInternalError = 0x2;
inline constexpr std::uint32_t kRefusedStream = 0x7;
inline constexpr std::uint32_t kCancel = 0x8;

struct Header {
    std::string_view name;  // lower case
    std::string_view value;
    bool secret = false;  // never goes into a compression table
};

class Stream {
  public:
    static constexpr std::size_t kPiece = 64 * 1024;

    std::int32_t id() const noexcept { return id_; }

    // Incoming. A server's request head is complete when it gets the stream.
    http::RequestHead& request() noexcept { return request_; }
    http::ResponseHead& response() noexcept { return response_; }  // after kHead
    const http::ProtocolError& head_error() const noexcept { return head_error_; }
    const http::HeaderFields& trailers() const noexcept { return trailers_; }
    // At most kPiece of payload is handed out between two calls of release().
    // kHead (responses), kBody, kTrailers, kEnd, kNeedMore, or kError: the stream was reset. `data`
    // stays until the next call; `consumed` is always 0.
    http::Event next();
    void release();
    bool readable() const noexcept { return !answers_.empty() || !input_.empty() || received_end_; }

    // Outgoing.
    void write(std::string_view bytes);
    void finish(const http::HeaderFields& trailers);
    std::size_t pending() const noexcept { return output_.size() - output_at_; }
    // Ends the stream in both directions, unless it has ended.
    void reset(std::uint32_t code);
    // The user has no further interest in what arrives.
    void detach();

    bool failed() const noexcept { return failed_; }
    std::uint32_t error_code() const noexcept { return error_code_; }
    // Nothing of it was processed by the peer: it may be sent again.
    bool was_refused() const noexcept { return failed_ && error_code_ == kRefusedStream; }

    // Called when something arrived, when pending() fell to 0, and when the stream ended. Must not
    // call the session.
    std::function<void()> changed;

    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;

  private:
    friend class Session;
    friend struct Callbacks;
    Stream() = default;
    void fail(std::uint32_t code);
    void tell() {
        if (changed) changed();
    }

    nghttp2_session* session_ = nullptr;  // null once the stream is closed
    std::int32_t id_ = -1;
    bool shared_window_ = false;  // bytes that are not released count against the connection, too

    std::unique_ptr<HeadBlock> block_;  // being received
    std::unique_ptr<HeadBlock> head_;   // what request_ or response_ points into
    std::unique_ptr<HeadBlock> trailer_block_;
    std::deque<std::unique_ptr<HeadBlock>> answers_;  // 1xx and the final head, not taken yet
    std::deque<bool> answer_ends_;
    http::RequestHead request_;
    http::ResponseHead response_;
    http::ProtocolError head_error_;
    http::HeaderFields trailers_;
    std::string input_;   // arrived, not handed out
    std::string handed_;  // what next() gave last
    std::size_t unreleased_ = 0;
    bool answers_head_ = false;
    bool got_final_head_ = false;
    bool received_end_ = false;
    bool told_trailers_ = false;
    bool detached_ = false;

    std::string output_;
    std::size_t output_at_ = 0;
    bool output_ended_ = false;
    bool sent_end_ = false;
    bool deferred_ = false;  // nghttp2 waits to be told that there is more
    std::string trailer_text_;
    std::vector<Header> trailer_headers_;

    bool failed_ = false;
    std::uint32_t error_code_ = kNoError;
};

using StreamPtr = std::shared_ptr<Stream>;

}  // namespace botbottle::http2
