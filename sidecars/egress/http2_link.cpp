// See http2_link.h.
#include "egress/http2_link.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>

#include "egress/limits.h"
#include "egress/worker.h"

namespace botbottle::egress {

namespace {

// Leaves room for what TLS adds below the stream's own limit.
constexpr std::size_t kEnough = kHighWater / 2;

class StreamSink final : public http2::Sink {
  public:
    explicit StreamSink(Stream& stream) : stream_(stream) {}
    void write(std::string_view bytes) override {
        stream_.write(bytes);
        written_ += bytes.size();
    }
    bool full() const override { return written_ >= kEnough; }

  private:
    Stream& stream_;
    std::size_t written_ = 0;
};

}  // namespace

Executor Http2Link::executor() const {
    return worker_.executor();
}

Task<void> Http2Link::run(std::function<void()> arrived) {
    pump_now();
    for (;;) {
        if (!input_.empty()) {
            const std::string_view bytes = input_.unread();
            const bool alive = session_.receive(bytes, worker_.now());
            input_.consume(bytes.size());
            arrived();
            if (!alive) break;
            pump();
        }
        input_.rest();
        set_idle();
        const Stream::Read read = co_await stream_.read(input_);
        if (read != Stream::Read::kData) break;
    }
    pump_now();
    ended_ = true;
    session_.fail_all();
    while (writing_) {
        stream_.abort();
        co_await written_.wait();
    }
}

void Http2Link::set_idle() {
    if (lines_.empty())
        stream_.set_deadline(kIdleTime);
    else
        stream_.set_deadline(kAnswerTime);
}

void Http2Link::pump() {
    if (pump_posted_ || ended_) return;
    pump_posted_ = true;
    asio::post(executor(), [self = shared_from_this()] {
        self->pump_posted_ = false;
        self->pump_now();
    });
}

void Http2Link::pump_now() {
    while (!ended_ && !writing_) {
        StreamSink sink(stream_);
        session_.send(sink, worker_.now());
        if (!stream_.flush_now()) return stream_.abort();
        if (stream_.has_output()) {
            writing_ = true;
            asio::co_spawn(
                executor(),
                [self = shared_from_this()]() -> Task<void> { co_await self->write_rest(); },
                asio::detached);
        } else if (!sink.full()) {
            break;
        }
    }
    // Over, but for the reader, who waits for a peer that may say nothing more.
    if (!ended_ && !writing_ && session_.is_over()) stream_.interrupt();
}

// The socket took less than there was.
Task<void> Http2Link::write_rest() {
    const bool sent = co_await stream_.flush();
    writing_ = false;
    written_.ring();
    if (sent) pump_now();
}

void Http2Link::retire() {
    retiring_ = true;
    if (lines_.empty()) close();
}

void Http2Link::watch(Clock::time_point now) {
    if (ended_) return;
    const Clock::time_point since = session_.block_since();
    if (since != Clock::time_point::max() && now - since > kHeaderTime) close();
    for (Http2Line* line : lines_) {
        if (line->is_past(now)) line->abort(http2::kCancel);
    }
    pump();
}

void Http2Link::add(Http2Line& line) {
    lines_.push_back(&line);
    if (!ended_) set_idle();
}

void Http2Link::remove(Http2Line& line) {
    std::erase(lines_, &line);
    if (!lines_.empty() || ended_) return;
    idle_since_ = worker_.now();
    set_idle();
    if (retiring_) close();
}

Http2Line::Http2Line(std::shared_ptr<Http2Link> link, http2::StreamPtr stream)
    : link_(std::move(link)),
      stream_(std::move(stream)),
      input_(link_->executor()),
      output_(link_->executor()) {
    stream_->changed = [this] {
        input_.ring();
        output_.ring();
    };
    link_->add(*this);
}

Http2Line::~Http2Line() {
    stream_->detach();
    link_->pump();
    link_->remove(*this);
}

Task<bool> Http2Line::wait_for_input() {
    stream_->release();
    link_->pump();
    interrupted_ = false;
    while (!stream_->readable()) {
        if (is_dead() || interrupted_) co_return false;
        co_await input_.wait();
    }
    co_return true;
}

Task<bool> Http2Line::flush() {
    link_->pump();
    while (stream_->pending() > 0) {
        if (is_dead()) co_return false;
        co_await output_.wait();
    }
    co_return !stream_->failed();
}

void Http2Line::interrupt() {
    interrupted_ = true;
    input_.ring();
}

void Http2Line::abort(std::uint32_t code) {
    stream_->reset(code);
    link_->pump();
}

void Http2Line::set_deadline(std::chrono::milliseconds from_now) {
    deadline_ = link_->worker_.now() + from_now;
}

}  // namespace botbottle::egress
