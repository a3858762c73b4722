// Channel: copies bytes from one descriptor to another through a bounded buffer. It reads only when
// the buffer is empty, so a slow reader stops the writer. Used with poll(2).
#pragma once

#include <poll.h>

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace botbottle::session {

class Channel {
  public:
    // What to do with bytes before they are passed on: the bytes that came, and where to append.
    using Filter = std::function<void(std::string_view, std::string&)>;

    // Both descriptors outlive the channel. The caller's own may block, and stay so, because they
    // are shared with other programs: nothing is read or written before poll allowed it, and to a
    // target that blocks no more than a pipe is sure to take.
    Channel(int from, int to, Filter filter = {});

    // What to wait for now. A member with fd -1 is to be ignored.
    pollfd source() const;
    pollfd target() const;

    // Passes on what poll found. The events are those of source() and target().
    void advance(short source_events, short target_events);

    bool idle() const { return written_ == pending_.size(); }
    bool source_ended() const { return source_ended_; }
    // Nothing more can be copied: the source ended and all is written, or the target is broken.
    bool finished() const { return target_broken_ || (source_ended_ && idle()); }

    // Bytes to write before anything that is read.
    void inject(std::string_view bytes) { pending_ += bytes; }

  private:
    void read_some();
    void write_some();

    int from_;
    int to_;
    Filter filter_;
    std::size_t chunk_;  // to write at once
    std::string pending_;
    std::size_t written_ = 0;  // of pending_
    bool source_ended_ = false;
    bool target_broken_ = false;
};

}  // namespace botbottle::session
