// Http2Link: an HTTP/2 session on a stream of bytes, for either side. One coroutine reads; output
// is collected from all of the session's streams and leaves once per turn of the event loop.
//
// Http2Line: one exchange's end of one HTTP/2 stream: waiting, deadlines, and the end.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "egress/bell.h"
#include "egress/stream.h"
#include "egress/task.h"
#include "http2/session.h"

namespace botbottle::egress {

class Http2Line;

class Http2Link final : public std::enable_shared_from_this<Http2Link> {
  public:
    // `stream` and `input` live until run() has ended.
    Http2Link(Worker& worker, Stream& stream, InputBuffer& input, http2::Side side)
        : worker_(worker), stream_(stream), input_(input), session_(side), written_(executor()) {}

    // Until the connection ends. `arrived` is called after each piece that was received.
    Task<void> run(std::function<void()> arrived);
    // What the session has to send goes out at the end of this turn.
    void pump();
    // Ends run().
    void close() { stream_.abort(); }
    // No new stream; ends with the last one that is open.
    void retire();
    void retire_when_idle() { retiring_ = true; }
    bool takes_requests() const { return !retiring_ && !ended_ && session_.can_open(); }

    http2::Session& session() noexcept { return session_; }
    bool ended() const noexcept { return ended_; }
    bool is_idle() const noexcept { return lines_.empty(); }
    Clock::time_point idle_since() const noexcept { return idle_since_; }
    Executor executor() const;
    // Each tick: deadlines of lines, and of a header block that does not end.
    void watch(Clock::time_point now);

  private:
    friend class Http2Line;

    void pump_now();
    Task<void> write_rest();
    void set_idle();
    void add(Http2Line& line);
    void remove(Http2Line& line);

    Worker& worker_;
    Stream& stream_;
    InputBuffer& input_;
    http2::Session session_;
    std::vector<Http2Line*> lines_;
    Bell written_;
    Clock::time_point idle_since_ = Clock::now();
    bool pump_posted_ = false;
    bool writing_ = false;
    bool retiring_ = false;
    bool ended_ = false;
};

class Http2Line {
  public:
    Http2Line(std::shared_ptr<Http2Link> link, http2::StreamPtr stream);
    Http2Line(const Http2Line&) = delete;
    Http2Line& operator=(const Http2Line&) = delete;
    ~Http2Line();

    http2::Stream& stream() noexcept { return *stream_; }
    Http2Link& link() noexcept { return *link_; }
    // True when there is something to take; false when nothing more comes.
    Task<bool> wait_for_input();
    Task<bool> flush();
    void interrupt();
    void abort(std::uint32_t code);
    bool is_dead() const noexcept { return stream_->failed() || link_->ended(); }

    void set_deadline(std::chrono::milliseconds from_now);
    bool is_past(Clock::time_point now) const noexcept { return now >= deadline_; }

  private:
    const std::shared_ptr<Http2Link> link_;
    const http2::StreamPtr stream_;
    Bell input_;
    Bell output_;
    Clock::time_point deadline_ = Clock::time_point::max();
    bool interrupted_ = false;
};

}  // namespace botbottle::egress
