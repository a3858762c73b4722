// Session: one side of an HTTP/2 connection. Bytes that came are given to receive(); send() writes
// what there is to send. Neither may be called from a callback of a stream.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "http2/flood_guard.h"
#include "http2/stream.h"

struct nghttp2_session;

namespace botbottle::http2 {

enum class Side : std::uint8_t { kServer, kClient };

struct SessionLimits {
    std::uint32_t streams = 100;
    std::uint32_t stream_window = 256 * 1024;
    std::uint32_t connection_window = 4 * 1024 * 1024;
};

// Where frames go.
class Sink {
  public:
    virtual void write(std::string_view bytes) = 0;
    virtual bool full() const = 0;

  protected:
    ~Sink() = default;
};

class Session {
  public:
    explicit Session(Side side, const SessionLimits& limits = {});
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    ~Session();

    // False when the connection is over, but for what send() still writes.
    bool receive(std::string_view bytes, Clock::time_point now);
    void send(Sink& sink, Clock::time_point now);
    bool wants_to_send() const;
    bool is_over() const;

    // Server: the next request whose head is complete, or null.
    StreamPtr take_request();
    void answer(Stream& stream, const std::vector<Header>& headers, bool has_body);
    void inform(Stream& stream, const std::vector<Header>& headers);  // 1xx

    // Client: null when the peer takes no further stream.
    StreamPtr open(const std::vector<Header>& headers, bool has_body, bool answers_head);
    bool can_open() const;

    // The peer is told that no new stream is taken; those that are open go on.
    void go_away();
    // The connection ended: every stream that is still open fails.
    void fail_all();

    std::size_t open_streams() const noexcept { return streams_.size(); }
    // Since when a header block is arriving; max() when none is.
    Clock::time_point block_since() const noexcept { return block_since_; }
    // What the peer did that its streams or the session did not survive; for the record. Taken
    // once.
    std::vector<http::ProtocolError> take_violations();

  private:
    friend struct Callbacks;

    StreamPtr find(std::int32_t id) const;
    void add_violation(std::string_view rule, std::string_view reason);
    void spend();

    const Side side_;
    const SessionLimits limits_;
    nghttp2_session* session_ = nullptr;
    std::map<std::int32_t, StreamPtr> streams_;
    std::vector<StreamPtr> requests_;
    std::vector<http::ProtocolError> violations_;
    FloodGuard guard_;
    Clock::time_point now_{};
    Clock::time_point block_since_ = Clock::time_point::max();
    Sink* sink_ = nullptr;
    bool goes_away_ = false;
    bool flooded_ = false;
    bool broken_ = false;
};

}  // namespace botbottle::http2
